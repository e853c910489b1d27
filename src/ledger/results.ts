import { fromUtf8, utf8 } from '../kernel/bytes.ts'
import { OncewardError, messageOf } from '../kernel/errors.ts'
import { findJsonFlaw } from '../kernel/json.ts'
import type { Entry } from './entry.ts'
import type { ParsedOptions } from './options.ts'

/** What becomes of a result: its kept form (absent for a result of `undefined`), or why it cannot be kept (rule 11). */
export type Kept<T> =
  | { readonly kept: true; readonly content?: T | undefined }
  | { readonly kept: false; readonly why: string }

export type Hooks = Pick<ParsedOptions, 'redact' | 'seal' | 'maxResultBytes'>

export interface About {
  readonly operation: string
  readonly ref: string
  readonly step?: string
  /** What the entry keeps already. */
  readonly usedBytes: number
}

/** Redacts, checks and seals a result for the entry's row. */
export function keepResult(hooks: Hooks, value: unknown, about: About): Kept<Uint8Array> {
  return keep(hooks, { value, about }, (json) => {
    const plain = utf8(json)
    const content = hooks.seal === undefined ? plain : hooks.seal.seal(plain, about.ref)
    return { content, bytes: content.byteLength }
  })
}

/** As `keepResult`, with `pack` for the form that the content takes. */
export function keep<T>(
  hooks: Hooks,
  { value, about }: { readonly value: unknown; readonly about: About },
  pack: (json: string) => { content: T; bytes: number },
): Kept<T> {
  try {
    const visible = hooks.redact === undefined ? value : hooks.redact(value, namesOf(about))
    if (visible === undefined) return { kept: true }
    const flaw = findJsonFlaw(visible, true)
    if (flaw !== undefined)
      return { kept: false, why: `The result is not JSON; at "${flaw.pointer}" it is ${flaw.what}.` }
    const { content, bytes } = pack(JSON.stringify(visible))
    const total = bytes + about.usedBytes
    if (total <= hooks.maxResultBytes) return { kept: true, content }
    return {
      kept: false,
      why: `The result takes ${total} bytes, ${hooks.maxResultBytes} are kept (maxResultBytes).`,
    }
  } catch (error) {
    return { kept: false, why: messageOf(error) }
  }
}

function namesOf({ operation, step }: About): { readonly operation: string; readonly step?: string } {
  return step === undefined ? { operation } : { operation, step }
}

/** The kept result of an ended entry, parsed. Throws `RESULT_TOO_LARGE` or `RESULT_INVALID`. */
export function openResult(
  hooks: Pick<ParsedOptions, 'seal'>,
  entry: Entry,
  parse?: (value: unknown) => unknown,
): unknown {
  if (!entry.valueKept) throw notKept(entry.ref)
  let value: unknown
  try {
    if (entry.value !== undefined) {
      const plain = hooks.seal === undefined ? entry.value : hooks.seal.open(entry.value, entry.ref)
      value = JSON.parse(fromUtf8(plain))
    }
    return parse === undefined ? value : parse(value)
  } catch (error) {
    throw new OncewardError(
      'RESULT_INVALID',
      `The kept result of ${entry.ref} cannot be read: ${messageOf(error)}`,
      {
        details: { ref: entry.ref },
        cause: error,
      },
    )
  }
}

export function notKept(ref: string, step?: string): OncewardError {
  const what = step === undefined ? 'This work was done' : `The step "${step}" was done`
  return new OncewardError(
    'RESULT_TOO_LARGE',
    `${what}, but its result was too large or not JSON and was not kept. Nothing runs again.`,
    {
      details: { ref, step },
    },
  )
}
