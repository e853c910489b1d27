import { isOncewardError } from '../kernel/errors.ts'
import { sha256Text } from '../kernel/ids.ts'
import { utf8Bytes } from '../kernel/bytes.ts'
import type { Key } from '../ledger/intent.ts'
import type { Receipt } from '../ledger/receipt.ts'
import { type NaturalEntry, naturalParts, readJson } from './decisions.ts'
import type { EngineContext, Guarded } from './context.ts'
import type { Answer } from './message.ts'
import { problemOf } from './problem-of.ts'

interface Naming {
  readonly operation: string
  readonly caller: string
  readonly parts: readonly string[]
}

interface NaturalIdentity {
  readonly key: Key
  readonly subject: string
  readonly parts: readonly string[]
}

/**
 * The entry that a natural key names now. Within the window all requests name the one that the first has made; after
 * it, the next one. Two that find the same newest entry name the same next one, so that the claim decides between them
 * and no clock does.
 */
export async function naturalIdentity<Native>(
  context: EngineContext<Native>,
  { operation, caller, parts }: Naming,
): Promise<NaturalIdentity | { readonly problem: Answer }> {
  const { once, options, rules, runtime } = context
  const subject = subjectOf(caller, parts)
  try {
    const { entries } = await once.entries({ operation, subject, limit: 1 })
    const generation = rules.naturalGeneration(
      newestOf(entries[0]),
      options.naturalKeyWindowMs,
      runtime.wallMs(),
    )
    const stem = rules.keyOf(caller, 'natural', parts)
    return { key: [...stem, String(generation)], subject, parts }
  } catch (error) {
    if (isOncewardError(error)) return { problem: problemOf(context, error) }
    throw error
  }
}

/**
 * What a request names its work by, where it does. A body that is not what the function of the options expects is the
 * handler's to refuse; only where there is an object does a function that throws have a mistake of its own.
 */
export function partsOf<Native>(
  { options }: EngineContext<Native>,
  { head, body }: Pick<Guarded<Native>, 'head' | 'body'>,
): readonly string[] | undefined {
  if (options.naturalKey === undefined) return undefined
  const json = readJson(body)?.value
  try {
    return naturalParts(options.naturalKey(head.request.native, json))
  } catch (error) {
    if (typeof json === 'object' && json !== null) throw error
    return undefined
  }
}

function newestOf(receipt: Receipt | undefined): NaturalEntry | undefined {
  if (receipt === undefined) return undefined
  const { key, state, claimedAt } = receipt
  const generation = Array.isArray(key) ? Number(key.at(-1)) : 0
  return { generation, state, claimedAtMs: Date.parse(claimedAt) }
}

const maxSubjectBytes = 255

/** What finds the entries of a natural key: readable, and different for different callers. */
function subjectOf(caller: string, parts: readonly string[]): string {
  const text = JSON.stringify([caller, ...parts])
  return utf8Bytes(text) <= maxSubjectBytes ? text : `sha256-${sha256Text(caller, ...parts)}`
}
