import { durationText } from '../../reconcile/values/format.ts'
import { type Change, changeFound, changesOf, keyChange } from './change-list.ts'
import { type Material, type Measured, tableOf } from './material.ts'
import { evidenceOf, shortened, unknown } from './saying.ts'

const dayMs = 86_400_000
const common = new Set([
  'enabled',
  'disabled',
  'turned',
  'flag',
  'deploy',
  'deployed',
  'release',
  'change',
  'changed',
  'service',
  'config',
  'with',
  'from',
  'adjusted',
  'threshold',
  'added',
  'update',
  'updated',
  'true',
  'false',
  'instead',
  'logic',
  'feature',
  'version',
  'format',
  'async',
  'production',
  'rollout',
  'ticket',
  'added',
  'config',
  'kind',
  'other',
])

/** One word in common is that of a team or a service. */
const fewestWords = 2

/** Two changes of one subject by their words, within seven days of each other, before the onset. */
export function pairRelated(m: Material): Measured {
  const [source] = m.of('changes')
  if (source === undefined) return unknown('No source lists changes.')
  const onsetMs = m.onset?.toMs ?? m.window.toMs
  const changes = changesOf(m).filter(({ atMs }) => atMs <= onsetMs)
  let best: { a: Change; b: Change; words: readonly string[]; gapMs: number } | undefined
  for (const [at, a] of changes.entries())
    for (const b of changes.slice(at + 1)) {
      const gapMs = Math.abs(a.atMs - b.atMs)
      const words = sharedWords(a, b)
      if (gapMs > 7 * dayMs || words.length < fewestWords || a.name === b.name) continue
      if (
        best === undefined ||
        words.length > best.words.length ||
        (words.length === best.words.length && gapMs < best.gapMs)
      )
        best = { a, b, words, gapMs }
    }
  if (best === undefined) {
    const statement = `No two of ${changes.length} changes before the onset are of one subject by their words and within seven days.`
    return {
      value: false,
      statement,
      found: [evidenceOf(source, statement, `SELECT * FROM ${tableOf(source)}`)],
    }
  }
  const { a, b, words, gapMs } = best
  const statement = `${shortened(a.name, 60)} and ${shortened(b.name, 60)} were changed within ${durationText(gapMs)} of each other and share ${words.join(', ')}.`
  return {
    value: true,
    statement,
    found: [changeFound(m, a, statement), changeFound(m, b, statement)],
    numbers: { gapMs },
    names: [a.name, b.name],
  }
}

/** What two changes are both about: retries and keys count as one subject, because one makes the other matter. */
function sharedWords(a: Change, b: Change): readonly string[] {
  // Names with names: a name says again what its own change is about, and would make any other a relative of it.
  const sides = [both(a.name, b.name), both(a.message, b.message)]
  const shared = sides.find((words) => words.length >= fewestWords) ?? []
  const isRetry = /retr(y|ies)/i
  const pairs =
    (isRetry.test(a.text) && keyChange.test(b.text)) || (isRetry.test(b.text) && keyChange.test(a.text))
  return pairs ? ['retries', 'keys', ...shared] : shared
}

function both(one: string, other: string): readonly string[] {
  const words = wordsOf(other)
  return [...wordsOf(one)].filter((word) => words.has(word))
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(
    text
      .toLowerCase()
      .split(/[^a-z]+/)
      .filter((word) => word.length >= 4 && !common.has(word))
      .map((word) => word.replace(/(ies|s|ed|ing)$/, '')),
  )
}
