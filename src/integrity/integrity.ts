import { boolean } from '../kernel/check.ts'
import { OncewardError } from '../kernel/errors.ts'
import type { HeaderReader } from './content-digest.ts'
import { Emitter } from './events.ts'
import { framed } from './frame.ts'
import { type Flaw, integrityRules, type IntegrityRules } from './rules.ts'
import { type SizeWatch, sizeWatch, type SizeWatchOptions } from './size-watch.ts'
import type { Stated } from './statement.ts'

export interface IntegrityOptions {
  /** Whether bytes without a digest are refused. Default true; `false` hands them on, and counts them. */
  readonly require?: boolean
  /** What is made of message sizes. */
  readonly sizes?: SizeWatchOptions
}

export interface IntegrityEvents {
  /** Bytes that were not handed on. */
  payload_refused: {
    readonly method: string
    readonly why: Flaw
    /** As received, and as the sender stated it where it did. */
    readonly bytes: number
    readonly statedBytes?: number | undefined
  }
  /** Bytes that were handed on although nobody stated what they are (`require: false`). */
  payload_unchecked: { readonly method: string; readonly bytes: number }
}

/** What came in, and what was stated of it. */
export interface Received {
  /** Names the kind of message in events and sizes: `/shop.Orders/Dispatch`, `POST /orders`, a queue. */
  readonly method: string
  readonly bytes: Uint8Array
  readonly stated: Stated
}

/** Holds what is received to what was stated of it. All checks throw `PAYLOAD_ALTERED` or `PAYLOAD_UNSTATED`. */
export interface Integrity {
  /** Returns where the bytes may be handed on. */
  check(received: Received): void
  /** An HTTP message's content, as it came, against `Content-Digest`, `Repr-Digest` and `Content-Length`. */
  checkHeaders(header: HeaderReader, content: Uint8Array, method: string): void
  /** A protobuf message behind a frame that states its length and digest: 46 bytes more. */
  frame(message: Uint8Array): Buffer
  /** The message behind its frame. */
  unframe(bytes: Uint8Array, method: string): Buffer
  /** The content of an envelope. */
  unpack(envelope: Uint8Array, method: string): { readonly content: Uint8Array; readonly contentType: string }
  /** For checks of one's own: counts, tells, and throws. */
  refuse(refusal: IntegrityEvents['payload_refused']): never
  on<T extends keyof IntegrityEvents>(type: T, listener: (event: IntegrityEvents[T]) => void): () => void
  counts(): Readonly<Partial<Record<keyof IntegrityEvents, number>>>
  readonly sizes: SizeWatch
}

/** Throws `OPTION_INVALID`. */
export function createIntegrity(options: IntegrityOptions = {}): Integrity {
  return integrityWith(options, integrityRules)
}

/** With decisions of one's own: for mutants. */
export function integrityWith(options: IntegrityOptions, rules: IntegrityRules): Integrity {
  const mustState = boolean(options.require ?? true, 'require')
  const sizes = sizeWatch(options.sizes)
  const events = new Emitter<IntegrityEvents>()
  const refuse = (refusal: IntegrityEvents['payload_refused']): never => {
    events.emit('payload_refused', refusal)
    throw refusalError(refusal)
  }
  const check = ({ method, bytes, stated }: Received): void => {
    const judgement = rules.judge(stated, bytes, mustState)
    if (judgement.kind === 'unchecked') events.emit('payload_unchecked', { method, bytes: bytes.byteLength })
    if (judgement.kind !== 'refused') return
    const statedBytes = stated.kind === 'stated' ? stated.bytes : undefined
    refuse({ method, why: judgement.why, bytes: bytes.byteLength, statedBytes })
  }
  return {
    check,
    checkHeaders: (header, content, method) => {
      sizes.record(method, content.byteLength)
      check({ method, bytes: content, stated: rules.readContentDigest(header) })
    },
    frame: framed,
    unframe: (bytes, method) => {
      // Before the check: a size at which messages are cut is what the watch is for.
      sizes.record(method, bytes.byteLength)
      const { stated, message } = rules.readFrame(bytes)
      check({ method, bytes: message, stated })
      return message
    },
    unpack: (envelope, method) => {
      sizes.record(method, envelope.byteLength)
      const { stated, covered, content, contentType } = rules.readEnvelope(envelope)
      check({ method, bytes: covered, stated })
      return { content, contentType }
    },
    refuse,
    on: (type, listener) => events.on(type, listener),
    counts: () => events.counts(),
    sizes,
  }
}

const phrases: Readonly<Record<Flaw, string>> = {
  unstated: 'came without a digest',
  malformed: 'came with a statement of length and digest that cannot be read',
  cut: 'was cut',
  padded: 'is longer than it was sent',
  altered: 'is not what was sent',
}

function refusalError({
  method,
  why,
  bytes,
  statedBytes,
}: IntegrityEvents['payload_refused']): OncewardError {
  const code = why === 'unstated' ? 'PAYLOAD_UNSTATED' : 'PAYLOAD_ALTERED'
  const stated = statedBytes === undefined ? '' : ` of ${statedBytes} stated`
  return new OncewardError(code, `A message of ${method} ${phrases[why]}: ${bytes} bytes${stated}.`, {
    details: { method, why, bytes, ...(statedBytes === undefined ? {} : { statedBytes }) },
  })
}
