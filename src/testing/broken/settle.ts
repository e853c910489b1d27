import type { SettleRequest, SettleResult } from '../../ledger/store.ts'
import { all, answer, ask, type Break, type Mutant, noted, rowOf, show, shortcut, without } from './wrap.ts'

const twice = 'the same settle sent twice is taken twice, as a new write that changes nothing else'
const undigested = 'who ended a row that keeps no digest is recognised by an empty one, and by nothing else'
const released =
  'a release frees the entry and keeps its error, its round and its attempt; it has not finished'
const decided = 'an outcome writes the round and the unknown earlier attempt as its decision says'
const lease = 'a write that ends the lease ends it now; any other leaves it'
const late = "the owner's late outcome settles an entry in doubt"

export const brokenSettles: readonly Mutant[] = [
  {
    id: 'finished-by-another-clock',
    breaks: 'dates the end by a clock that is an hour ahead',
    caughtBy: ["the owner's success ends the entry with its result, at the store's time"],
    broken: show((row) =>
      row.finishedAtMs === undefined ? row : { ...row, finishedAtMs: row.finishedAtMs + 3_600_000 },
    ),
  },
  {
    id: 'drops-result',
    breaks: 'keeps the outcome without its result',
    caughtBy: ["the owner's success ends the entry with its result, at the store's time"],
    broken: ask('settle', ({ value: _value, ...request }) => request),
  },
  {
    id: 'drops-error',
    breaks: 'keeps the outcome without its error',
    caughtBy: ["the owner's failure ends the entry with its error", released],
    broken: ask('settle', ({ error: _error, ...request }) => request),
  },
  {
    id: 'keeps-round',
    breaks: 'does not write the round of an outcome',
    caughtBy: [released, decided],
    broken: ask('settle', async (request, { store }) => ({
      ...request,
      round: (await rowOf(store, request.ref))?.round ?? 0,
    })),
  },
  {
    id: 'release-finishes',
    breaks: 'takes a release for an end',
    caughtBy: [released],
    broken: show((row) => (row.state === 'released' ? { ...row, finishedAtMs: row.claimedAtMs } : row)),
  },
  {
    id: 'doubt-without-why',
    breaks: 'does not keep why an entry is in doubt',
    caughtBy: [
      'the owner may put its own entry in doubt: since when and why are kept, and it has not finished',
      'a started entry is put in doubt by somebody else, with since when and why',
    ],
    broken: all(
      ask('settle', ({ why: _why, ...request }) => request),
      ask('resolve', ({ why: _why, ...request }) => request),
    ),
  },
  {
    id: 'repeat-is-stale',
    breaks: 'does not recognise a settle that was already applied',
    caughtBy: [twice],
    broken: shortcut('settle', async ({ ref, digest }, { store }) => {
      const row = await rowOf(store, ref)
      return row?.settledDigest === digest ? { kind: 'stale', entry: row } : undefined
    }),
  },
  {
    id: 'repeat-writes-nothing',
    breaks: 'recognises a repeated settle by reading, which may not be durable',
    caughtBy: [twice],
    broken: shortcut('settle', async ({ ref, digest }, { store }) => {
      const row = await rowOf(store, ref)
      return row?.settledDigest === digest ? { kind: 'settled', entry: row } : undefined
    }),
  },
  {
    id: 'recognition-writes',
    breaks: 'applies a settle that was only to be recognised',
    caughtBy: [
      'a settle that only recognises takes what was applied before, and writes nothing that was not',
    ],
    broken: ask('settle', ({ recognisesOnly: _only, ...request }) => request),
  },
  {
    id: 'recognises-by-digest-only',
    breaks: 'does not recognise a row that keeps no digest',
    caughtBy: [undigested],
    broken: shortcut('settle', async ({ ref, digest }, { store }) =>
      digest === '' ? { kind: 'stale', entry: await rowOf(store, ref) } : undefined,
    ),
  },
  {
    id: 'empty-digest-fits-any',
    breaks: 'takes an empty digest for that of any row',
    caughtBy: [undigested],
    broken: ask('settle', async (request, { store }) => {
      if (request.digest !== '') return request
      return { ...request, digest: (await rowOf(store, request.ref))?.settledDigest ?? '' }
    }),
  },
  {
    id: 'settle-ignores-owner',
    breaks: 'takes an outcome from anybody who knows the attempt',
    caughtBy: ['a settle by somebody else changes nothing and shows the row'],
    broken: impersonating(({ owner }) => ({ owner })),
  },
  {
    id: 'settle-ignores-attempt',
    breaks: 'takes an outcome of any attempt from the owner',
    caughtBy: ['a settle of another attempt changes nothing, even under the same owner'],
    broken: impersonating(({ attempt }) => ({ attempt })),
  },
  {
    id: 'settle-unfenced',
    breaks: 'takes an outcome from whoever brings it',
    caughtBy: ['an owner that was taken over settles nothing'],
    broken: impersonating(({ owner, attempt }) => ({ owner, attempt })),
  },
  {
    id: 'settles-the-absent',
    breaks: 'says that it settled what is not there',
    caughtBy: ['a settle of an absent entry is stale, with no row, and inserts nothing'],
    broken: pretending((_, entry) => entry === undefined),
  },
  {
    id: 'lease-gates-settling',
    breaks: 'refuses an outcome after the lease lapsed',
    caughtBy: ["a lapsed lease does not stop the owner's outcome"],
    broken: shortcut('settle', async ({ ref }, { store }) => {
      const { nowMs, results } = await store.read([ref])
      const [row] = results
      return row !== undefined && row.leaseUntilMs < nowMs ? { kind: 'stale', entry: row } : undefined
    }),
  },
  {
    id: 'doubt-gates-settling',
    breaks: 'refuses the outcome of an owner whose entry is in doubt by now',
    caughtBy: [late],
    broken: shortcut('settle', async ({ ref }, { store }) => {
      const row = await rowOf(store, ref)
      return row?.state === 'in_doubt' ? { kind: 'stale', entry: row } : undefined
    }),
  },
  {
    id: 'both-outcomes-count',
    breaks: 'says to each of two outcomes of one attempt that it counted',
    caughtBy: ['of two outcomes sent at once for one attempt exactly one is kept'],
    broken: pretending(({ owner }, entry) => entry?.owner === owner && entry.ownerWrite > 0),
  },
  {
    id: 'merges-outcomes',
    breaks: 'keeps the error and result of the write before where the outcome brings none',
    caughtBy: ['an outcome replaces the result and error of the write before'],
    broken: ask('settle', async (request, { store }) => {
      const row = await rowOf(store, request.ref)
      const { value, error } = row ?? {}
      return {
        ...(value === undefined ? {} : { value }),
        ...(error === undefined ? {} : { error }),
        ...request,
      }
    }),
  },
  {
    id: 'always-kept',
    breaks: 'says that every result was kept',
    caughtBy: ['an outcome says whether its result was kept'],
    broken: ask('settle', (request) => ({ ...request, valueKept: true })),
  },
  {
    id: 'forgets-unknown',
    breaks: 'forgets that an earlier attempt is unknown',
    caughtBy: [decided, 'a doubt keeps that an earlier attempt is unknown; its end clears it'],
    broken: show((row) => ({ ...row, earlierUnknown: false })),
  },
  {
    id: 'remembers-unknown',
    breaks: 'never forgets that an earlier attempt is unknown',
    caughtBy: [decided, 'a doubt keeps that an earlier attempt is unknown; its end clears it'],
    broken: show((row, notes) => {
      const unknown = noted(notes, 'unknown', () => new Set<string>())
      if (row.earlierUnknown) unknown.add(row.ref)
      return { ...row, earlierUnknown: unknown.has(row.ref) }
    }),
  },
  {
    id: 'lease-never-ends',
    breaks: 'lets the lease run on after a write that ends it',
    caughtBy: [lease],
    broken: ask('settle', (request) => ({ ...request, endsLease: false })),
  },
  {
    id: 'lease-always-ends',
    breaks: 'ends the lease with every write',
    caughtBy: [lease],
    broken: ask('settle', (request) => ({ ...request, endsLease: true })),
  },
  {
    id: 'ended-lease-moves',
    breaks: 'moves a lease that had lapsed to the moment of the write',
    caughtBy: [lease],
    broken: answer('settle', async (result, { endsLease }, { store }) => {
      if (result.kind !== 'settled' || !endsLease) return result
      return { ...result, entry: { ...result.entry, leaseUntilMs: (await store.read([])).nowMs } }
    }),
  },
  {
    id: 'outcome-ends-retention',
    breaks: 'writes a retention of its own with the outcome',
    caughtBy: ['an outcome leaves identity, fingerprint, safety, attempt, retention and first times alone'],
    broken: show((row) => (row.state === 'succeeded' ? { ...row, retainMs: 86_400_000 } : row)),
  },
  {
    id: 'outcome-forgets-first-send',
    breaks: 'forgets the first possible send with the outcome',
    caughtBy: ['an outcome leaves identity, fingerprint, safety, attempt, retention and first times alone'],
    broken: show((row) => (row.state === 'succeeded' ? without(row, 'firstPossibleSendAtMs') : row)),
  },
]

/** Puts into a settle what the row would have wanted to see. */
function impersonating(edit: (row: { owner: string; attempt: number }) => Partial<SettleRequest>): Break {
  return ask('settle', async (request, { store }) => {
    const row = await rowOf(store, request.ref)
    return row === undefined ? request : { ...request, ...edit(row) }
  })
}

/** Answers `settled` where the good store has said that the settle is stale. */
export function pretending(lies: (request: SettleRequest, entry: SettleResult['entry']) => boolean): Break {
  return answer('settle', async (result, request, { store }) => {
    if (result.kind === 'settled' || !lies(request, result.entry)) return result
    const entry = result.entry ?? (await store.list({ limit: 1 })).entries[0]
    return entry === undefined
      ? result
      : { kind: 'settled', entry: { ...entry, ref: request.ref, state: request.to } }
  })
}
