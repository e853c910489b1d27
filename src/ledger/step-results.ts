import { fromUtf8, utf8, utf8Bytes } from '../kernel/bytes.ts'
import { messageOf, OncewardError } from '../kernel/errors.ts'
import type { ParsedOptions } from './options.ts'
import { type About, type Hooks, keep, type Kept } from './results.ts'

/** What the end of a step adds to its record beside the result itself. */
const stepEndBytes = 64

/** As `keepResult`, as text inside the entry's steps document. */
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
