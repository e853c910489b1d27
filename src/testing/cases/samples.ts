import type { StepsDocument } from '../../ledger/entry.ts'

const atMs = 1_700_000_000_000

/** Steps in every state, with every member somewhere. */
export function sampleSteps(): StepsDocument {
  return {
    unlistedSinceMs: atMs + 123,
    steps: [
      {
        name: 'reserve',
        safety: 'keyed',
        state: 'succeeded',
        attempts: 2,
        startedAtMs: atMs + 124,
        firstPossibleSendAtMs: atMs + 124,
        finishedAtMs: atMs + 456,
        inputDigest: 'abc',
        round: 1,
        value: '{"id":"r-1","note":"naïve \\"quotes\\" 🚚"}',
      },
      {
        name: 'pack',
        safety: 'verifiable',
        settleMs: 60_000,
        state: 'failed',
        attempts: 1,
        startedAtMs: atMs + 500,
        firstPossibleSendAtMs: atMs + 124,
        finishedAtMs: atMs + 600,
        inputDigest: '',
        round: 0,
        error: { code: 'NO_BOX', message: "it's gone" },
      },
      {
        name: 'label',
        safety: 'blind',
        state: 'succeeded',
        attempts: 1,
        startedAtMs: atMs + 700,
        firstPossibleSendAtMs: atMs + 700,
        finishedAtMs: atMs + 800,
        inputDigest: '',
        round: 0,
        notKept: true,
      },
      {
        name: 'ship',
        safety: 'blind',
        state: 'started',
        attempts: 1,
        startedAtMs: atMs + 900,
        firstPossibleSendAtMs: atMs + 900,
        inputDigest: 'def',
        round: 0,
        earlierUnknown: true,
      },
    ],
  }
}

/** Texts that a column of the wrong kind, a quote in the wrong place or a normalization would change. */
export const awkwardTexts: readonly string[] = [
  'it\'s "quoted" \\ back\\slashed; DROP TABLE entries;--',
  '100 % _under_ {curly} [square] $1 ? :name @p0',
  'line\nbreak\ttab\r\nreturn\u0001\u001f\u007f',
  ' leading and trailing ',
  'Ünïcödé ß ẞ İ ı',
  'e\u0301 is not \u00e9',
  '日本語 العربية עברית',
  '👩‍👩‍👧‍👦 🚚 \u{10ffff} \ufeff \u2028',
  '{"json":true}',
  'NULL',
  '0',
]
