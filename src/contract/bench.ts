import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, OncewardError } from '../kernel/errors.ts'
import { type Answer, difference, hasStatus, isAccepted } from './answer.ts'
import { counted, type EffectCounter } from './counting.ts'
import { type CutAt, sendAndCut } from './cut.ts'
import { type Bounds, type HeaderList, open, send, type Sending, sendTogether } from './send.ts'
import type { Settings } from './settings.ts'
import { type BodyTemplate, type Payload, payloads } from './template.ts'

/** One wish: a key and the body that goes with it. */
export interface Work {
  readonly key: string
  readonly payload: Payload
  readonly template: BodyTemplate
}

/** What may differ from an ordinary request. */
export interface Twist {
  /** The lines of the key header as they go out; none sends no key. */
  readonly keyLines?: readonly string[]
  readonly firstSent?: string
  readonly url?: URL
  readonly headers?: HeaderList
}

/** What a check works with: requests to the target, and the effects that they have. */
export class Bench {
  readonly settings: Settings
  readonly target: URL
  /** Taken away where it does not see the effects. */
  counter: EffectCounter | undefined
  /** What `replay-equal` has found: other checks do not hold it against the service again. */
  replaysDiffer = false
  /** Of one run: the same for all tries of a key would be right, and one for all keys is. */
  readonly #firstSent = new Date().toUTCString()
  readonly #payload = payloads()
  /** What the target refused, and how, for `problem-details`. */
  readonly refusals: Answer[] = []

  constructor(settings: Settings, target: URL, counter: EffectCounter | undefined) {
    this.settings = settings
    this.target = target
    this.counter = counter
  }

  fresh(template: BodyTemplate = this.settings.body): Work {
    return { key: randomUUID(), payload: this.#payload(template), template }
  }

  send(work: Work, twist: Twist = {}): Promise<Answer> {
    return send(this.#sending(work, twist), this.settings)
  }

  sendTogether(work: Work, times: number): Promise<Answer[]> {
    return sendTogether(
      Array.from({ length: times }, () => this.#sending(work, {})),
      this.settings,
    )
  }

  cut(work: Work, at: CutAt): Promise<void> {
    return sendAndCut(this.#sending(work, {}), at, this.settings)
  }

  /** Sends until the answer is no "in flight" any more, or patience is over. */
  async sendUntilFinal(work: Work, twist: Twist = {}): Promise<Answer> {
    const { patienceMs, signal, profile } = this.settings
    const endsAtMs = performance.now() + patienceMs
    for (;;) {
      const answer = await this.send(work, twist)
      const leftMs = endsAtMs - performance.now()
      if (!hasStatus(answer, ...profile.inFlight) || leftMs <= 0) return answer
      await sleep(Math.min(retryAfterMs(answer), leftMs), undefined, { signal })
    }
  }

  /** Resolves when a connection can be opened; rejects with `TARGET_UNREACHABLE` where patience is over before. */
  async untilReachable(patienceMs: number = this.settings.patienceMs): Promise<void> {
    const { signal, timeoutMs } = this.settings
    const endsAtMs = performance.now() + patienceMs
    for (;;) {
      const why = await whyUnreachable(this.target, { signal, timeoutMs })
      if (why === undefined) return
      if (performance.now() >= endsAtMs)
        throw new OncewardError('TARGET_UNREACHABLE', `No connection to ${this.target.origin}: ${why}.`)
      await sleep(50, undefined, { signal })
    }
  }

  /** Does `act` and counts the effects of these works by it. */
  counted<T>(
    works: readonly Work[],
    act: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly effects: number | undefined }> {
    const { settleMs, signal } = this.settings
    const counter = this.counter === undefined ? {} : { counter: this.counter }
    return counted(
      { ...counter, settleMs, signal },
      works.map(({ payload }) => payload),
      act,
    )
  }

  /** Waits until the effect of `work` is there, or would have been. */
  async settled({ payload }: Work): Promise<void> {
    const { settleMs, signal } = this.settings
    const endsAtMs = performance.now() + settleMs
    while (performance.now() < endsAtMs && ((await this.counter?.count([payload])) ?? 0) === 0)
      await sleep(25, undefined, { signal })
  }

  difference(first: Answer, second: Answer): string | undefined {
    return difference(first, second, this.settings.compareHeaders)
  }

  /**
   * Whether an answer equal to `first` shows that nothing was done again: the same body under another key is answered
   * otherwise. This does the work a second time, as a new key asks for.
   */
  async isTelling(first: Answer, work: Work): Promise<boolean> {
    const control = await this.send({ ...work, key: randomUUID() })
    return this.difference(first, control) !== undefined
  }

  replayDifference(first: Answer, second: Answer): string | undefined {
    return this.replaysDiffer && isAccepted(first) && isAccepted(second)
      ? undefined
      : this.difference(first, second)
  }

  /** The key as the profile writes it. */
  written(key: string): string {
    return this.settings.profile.keyForm === 'quoted' ? `"${key}"` : key
  }

  #sending({ key, payload, template }: Work, twist: Twist): Sending {
    const { profile, headers, method } = this.settings
    const lines = twist.keyLines ?? [this.written(key)]
    const firstSent = twist.firstSent ?? this.#firstSent
    const own = [...headers, ...(twist.headers ?? [])]
    return {
      url: twist.url ?? this.target,
      method,
      headers: [
        ...withDefault('Content-Type', template.contentType, lastOfEach(own)),
        ...lines.map((line) => [profile.keyHeader, line] as const),
        ...(profile.needsFirstSent ? [['Repeatability-First-Sent', firstSent] as const] : []),
      ],
      body: payload.body,
    }
  }
}

async function whyUnreachable(target: URL, bounds: Bounds): Promise<string | undefined> {
  try {
    const { raw } = await open(target, bounds)
    raw.destroy()
    return undefined
  } catch (error) {
    bounds.signal.throwIfAborted()
    return messageOf(error)
  }
}

/** Another caller's headers replace one's own of the same name. */
function lastOfEach(headers: HeaderList): HeaderList {
  return [...new Map(headers.map((header) => [header[0].toLowerCase(), header])).values()]
}

function withDefault(name: string, value: string, headers: HeaderList): HeaderList {
  const isGiven = headers.some(([given]) => given.toLowerCase() === name.toLowerCase())
  return isGiven ? headers : [[name, value], ...headers]
}

/** Of an answer in flight: what it asks for, at least 50 ms and at most a second, so that patience is used. */
function retryAfterMs(answer: Answer): number {
  const seconds = answer.kind === 'answered' ? Number(answer.headers['retry-after']) : Number.NaN
  return Number.isFinite(seconds) ? Math.min(1000, Math.max(50, seconds * 1000)) : 100
}
