import { Buffer } from 'node:buffer'
import type { Entry } from '../../ledger/entry.ts'
import { answer, ask, type Break, type Mutant, noted, show, without } from './wrap.ts'

const texts =
  'texts come back as they were given: quotes, controls, any script, no normalization, no trimming'
const differ = 'keys that differ in case, accents or spaces alone are different keys'
const long = 'texts as long as the ledger allows are kept whole'
const numbers = 'large numbers come back exact'

const textEdits: Readonly<
  Record<string, { breaks: string; edit: (given: string) => string; caughtBy: string }>
> = {
  'normalizes-text': {
    breaks: 'keeps texts in Unicode form C',
    edit: (given) => given.normalize('NFC'),
    caughtBy: texts,
  },
  'trims-text': {
    breaks: 'keeps texts without the spaces around them',
    edit: (given) => given.trim(),
    caughtBy: texts,
  },
  'lowers-text': {
    breaks: 'keeps texts in lower case',
    edit: (given) => given.toLowerCase(),
    caughtBy: texts,
  },
  'latin-text': {
    breaks: 'keeps texts in one byte a character',
    edit: (given) => Buffer.from(given, 'latin1').toString('latin1'),
    caughtBy: texts,
  },
  'doubles-quotes': {
    breaks: 'doubles quotes',
    edit: (given) => given.replaceAll("'", "''"),
    caughtBy: texts,
  },
  'drops-controls': {
    breaks: 'drops control characters',
    edit: (given) => given.replaceAll(/\p{Cc}/gu, ''),
    caughtBy: texts,
  },
  'cuts-text': {
    breaks: 'keeps the first hundred characters of a text',
    edit: (given) => given.slice(0, 100),
    caughtBy: long,
  },
}

export const brokenValues: readonly Mutant[] = [
  {
    id: 'result-as-text',
    breaks: 'keeps results as text',
    caughtBy: ['a result comes back byte for byte, whatever the bytes'],
    broken: value((bytes) => new Uint8Array(Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8'))),
  },
  {
    id: 'result-as-string',
    breaks: 'answers with results as strings',
    caughtBy: ['a result comes back byte for byte, whatever the bytes'],
    broken: show((row) => {
      return row.value === undefined
        ? row
        : ({ ...row, value: Buffer.from(row.value).toString('latin1') } as unknown as Entry)
    }),
  },
  {
    id: 'empty-result-is-none',
    breaks: 'takes an empty result for none',
    caughtBy: ['an empty result is kept as an empty one, not as none'],
    broken: show((row) => (row.value?.byteLength === 0 ? without(row, 'value') : row)),
  },
  {
    id: 'no-result-is-empty',
    breaks: 'shows a missing result as an empty one',
    caughtBy: ['an empty result is kept as an empty one, not as none'],
    broken: show((row) => ({ ...row, value: row.value ?? new Uint8Array(0) })),
  },
  {
    id: 'result-cut-short',
    breaks: 'keeps the first 64 KiB of a result',
    caughtBy: ['a result of 256 KiB comes back whole'],
    broken: value((bytes) => bytes.slice(0, 65_536)),
  },
  {
    id: 'result-shared-with-writer',
    breaks: "keeps the caller's own bytes",
    caughtBy: [
      'what a caller does to its bytes later does not reach the store, nor what a reader does to its own',
    ],
    broken: (store, notes) => {
      const kept = noted(notes, 'bytes', () => new Map<string, Uint8Array>())
      const keep = answer('settle', (result, request) => {
        if (request.value !== undefined) kept.set(request.ref, request.value)
        return result
      })
      const inner = { ...store, ...keep(store, notes) }
      return {
        ...keep(store, notes),
        ...show((row) => {
          const own = kept.get(row.ref)
          return own === undefined ? row : { ...row, value: own }
        })(inner, notes),
      }
    },
  },
  {
    id: 'result-shared-with-readers',
    breaks: 'hands every reader the same bytes',
    caughtBy: [
      'what a caller does to its bytes later does not reach the store, nor what a reader does to its own',
    ],
    broken: show((row, notes) => {
      const { value: given } = row
      if (given === undefined) return row
      return {
        ...row,
        value: noted(notes, `bytes of ${row.ref} ${row.settledDigest ?? ''}`, () => given.slice()),
      }
    }),
  },
  ...Object.entries(textEdits).map(
    ([id, { breaks, edit, caughtBy }]): Mutant => ({
      id,
      breaks,
      caughtBy: [caughtBy],
      broken: claimTexts(edit),
    }),
  ),
  {
    id: 'cuts-messages',
    breaks: 'keeps the first 255 characters of a message',
    caughtBy: [long],
    broken: ask('settle', (request) => {
      const { error } = request
      return error === undefined
        ? request
        : { ...request, error: { ...error, message: error.message.slice(0, 255) } }
    }),
  },
  {
    id: 'folds-keys',
    breaks: 'finds keys without regard to case, accents, spaces or width',
    caughtBy: [differ],
    broken: (store) => ({
      list: async (query) => {
        const { key, ...rest } = query
        const page = await store.list(key === undefined ? query : rest)
        const entries = page.entries.filter((row) => key === undefined || folded(row.key) === folded(key))
        return { ...page, entries }
      },
    }),
  },
  {
    id: 'thirty-two-bits',
    breaks: 'keeps durations in 32 bits',
    caughtBy: [numbers],
    broken: show((row) => ({ ...row, retainMs: Math.trunc(row.retainMs) & 0x7fffffff })),
  },
  {
    id: 'whole-step-times',
    breaks: 'rounds the times in the steps document, which is not its own',
    caughtBy: [numbers],
    broken: show((row) => {
      const { steps } = row
      return steps === undefined
        ? row
        : { ...row, steps: { ...steps, unlistedSinceMs: Math.round(steps.unlistedSinceMs) } }
    }),
  },
]

function folded(given: string): string {
  return given
    .normalize('NFKD')
    .replaceAll(/[\p{M}\s]/gu, '')
    .toLowerCase()
}

function value(edit: (bytes: Uint8Array) => Uint8Array): Break {
  return ask('settle', (request) =>
    request.value === undefined ? request : { ...request, value: edit(request.value) },
  )
}

/** Keeps the texts of a claim changed. */
function claimTexts(edit: (given: string) => string): Break {
  return show((row) => {
    const { subject } = row
    const edited = { ...row, key: edit(row.key), operation: edit(row.operation) }
    return subject === undefined ? edited : { ...edited, subject: edit(subject) }
  })
}
