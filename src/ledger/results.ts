import { fromUtf8, utf8, utf8Bytes } from '../kernel/bytes.ts'
import { OncewardError, messageOf } from '../kernel/errors.ts'
import { findJsonFlaw } from '../kernel/json.ts'
import type { Entry } from './entry.ts'
import type { ParsedOptions } from './options.ts'

/** What becomes of a result: its kept form (absent for a result of `undefined`), or why it cannot be kept (rule 11). */
export type Kept<T> =
  | { readonly kept: true; readonly content?: T | undefined }
  | { readonly kept: false; readonly why: string }

type Hooks = Pick<ParsedOptions, 'redact' | 'seal' | 'maxResultBytes'>

interface About {
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

/** What the end of a step adds to its record beside the result itself. */
const stepEndBytes = 64

/** The same for a step, as text inside the entry's steps document. */
export function keepStepResult(
  hooks: Hooks,
  value: unknown,
  about: About & { readonly step: string },
): Kept<string> {
  return keep(hooks, { value, about }, (json) => {
    const content =
      hooks.seal === undefined
        ? json
        : Buffer.from(hooks.seal.seal(utf8(json), `${about.ref}/${about.step}`)).toString('base64')
    // As it will lie in the document: a text within JSON, where quotes and backslashes count twice.
    return { content, bytes: utf8Bytes(JSON.stringify(content)) + stepEndBytes }
  })
}

function keep<T>(
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

/** The kept result of a step. */
export function openStepResult(
  hooks: Pick<ParsedOptions, 'seal'>,
  text: string | undefined,
  about: { ref: string; step: string },
): unknown {
  if (text === undefined) return undefined
  const { ref, step } = about
  try {
    if (hooks.seal === undefined) return JSON.parse(text) as unknown
    return JSON.parse(fromUtf8(hooks.seal.open(Buffer.from(text, 'base64'), `${ref}/${step}`))) as unknown
  } catch (error) {
    const message = `The kept result of step "${step}" of ${ref} cannot be read: ${messageOf(error)}`
    throw new OncewardError('RESULT_INVALID', message, { details: { ref, step }, cause: error })
  }
}

export function notKept(ref: string, step?: string): OncewardError {
  const what = step === undefined ? 'This work was done' : `The step "${step}" was done`
  return new OncewardError(
    'RESULT_TOO_LARGE',
    `${what}, but its result was too large or not JSON and was not kept. Nothing runs again.`,
    {
      details: { ref, ...(step === undefined ? {} : { step }) },
    },
  )
}
