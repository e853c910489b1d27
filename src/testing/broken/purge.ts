import type { Entry, EntryState } from '../../ledger/entry.ts'
import type { PurgeRequest, PurgeResult } from '../../ledger/store.ts'
import { everyRow } from './offsets.ts'
import { pretending } from './settle.ts'
import { all, answer, type Break, type Mutant, noted, type Notes, present, show } from './wrap.ts'

const buried = 'what has ended and is past its retention is buried: the fact is kept, the result is forgotten'
const left = 'what is within its retention is left alone'
const open = 'what is claimed, started, in doubt or released is never purged, however old'
const deleted =
  'a tombstone is deleted only after the retention and tombstoneMs, and then the key runs as new'
const twoHandles = 'purges from two handles at once bury and delete each entry once'

export const brokenPurges: readonly Mutant[] = [
  {
    id: 'purges-nothing',
    breaks: 'buries nothing',
    caughtBy: [buried],
    broken: () => ({ purge: () => Promise.resolve({ buried: 0, deleted: 0 }) }),
  },
  {
    id: 'tombstone-keeps-result',
    breaks: 'keeps the result in the tombstone',
    caughtBy: [buried],
    broken: remembering((row, before) => ({ ...before, ...present(row) })),
  },
  {
    id: 'tombstone-without-fingerprint',
    breaks: 'forgets the fingerprint with the result, so that another input would be taken',
    caughtBy: [buried],
    broken: show((row) => (row.state === 'tombstone' ? { ...row, fingerprint: '' } : row)),
  },
  {
    id: 'tombstone-without-end',
    breaks: 'forgets how the buried entry ended',
    caughtBy: [buried],
    broken: show((row) => (row.buriedState === undefined ? row : { ...row, buriedState: 'succeeded' })),
  },
  {
    id: 'burial-keeps-rev',
    breaks: 'does not count a burial as a write',
    caughtBy: [buried],
    broken: show((row) => (row.state === 'tombstone' ? { ...row, rev: row.rev - 1 } : row)),
  },
  {
    id: 'buries-early',
    breaks: 'buries what has ended without regard to its retention',
    caughtBy: [left],
    broken: purged(['succeeded', 'failed']),
  },
  ...(['claimed', 'started', 'in_doubt', 'released'] as const).map(
    (state): Mutant => ({
      id: `buries-${state}`,
      breaks: `buries what is ${state}`,
      caughtBy: [open],
      broken: purged([state]),
    }),
  ),
  {
    id: 'tombstones-for-a-while',
    breaks: 'deletes tombstones when no time was given',
    caughtBy: ['tombstones stay for ever unless a time is given'],
    broken: asking((request) => ({ tombstoneMs: 0, ...request })),
  },
  {
    id: 'tombstones-too-short',
    breaks: 'deletes tombstones without regard to tombstoneMs',
    caughtBy: [deleted],
    broken: asking((request) =>
      request.tombstoneMs === undefined ? request : { ...request, tombstoneMs: 0 },
    ),
  },
  {
    id: 'tombstones-for-ever',
    breaks: 'never deletes tombstones',
    caughtBy: [deleted, twoHandles],
    broken: asking(({ tombstoneMs: _tombstoneMs, ...request }) => request),
  },
  {
    id: 'attempt-outlives-deletion',
    breaks: 'goes on counting attempts of what was deleted',
    caughtBy: [deleted],
    broken: show((row, notes) => {
      const attempts = noted(notes, 'claims', () => new Map<string, Set<number>>())
      const claims = attempts.get(row.ref) ?? new Set()
      attempts.set(row.ref, claims.add(row.claimedAtMs))
      return { ...row, attempt: row.attempt + claims.size - 1 }
    }),
  },
  {
    id: 'purge-without-limit',
    breaks: 'purges everything at once',
    caughtBy: ['a purge is bounded by its limit, and repeated purges come to an end'],
    broken: asking((request) => ({ ...request, limit: 1_000_000 })),
  },
  {
    id: 'purges-every-scope',
    breaks: 'purges other scopes too',
    caughtBy: ['a purge keeps to its scope'],
    broken: (store) => ({
      purge: async (request) => {
        const scopes = new Set([request.scope, ...(await everyRow(store)).map((row) => row.scope)])
        const results: PurgeResult[] = []
        for (const scope of scopes) results.push(await store.purge({ ...request, scope }))
        const sum = (name: 'buried' | 'deleted'): number =>
          results.reduce((total, result) => total + result[name], 0)
        return { buried: sum('buried'), deleted: sum('deleted') }
      },
    }),
  },
  {
    id: 'counts-what-others-bury',
    breaks: 'counts entries that another purge buries at the same time',
    caughtBy: [twoHandles],
    broken: (store, notes) => ({
      purge: async (request) => {
        const good = await store.purge(request)
        const before = noted(notes, 'buried', () => ({ last: 0 }))
        const result = { ...good, buried: good.buried + before.last }
        before.last = good.buried
        return result
      },
    }),
  },
  {
    id: 'recognises-the-buried',
    breaks: 'recognises the last settle of a buried entry and answers that all is well',
    caughtBy: ['what a purge buries between read and decision defeats the decision'],
    broken: pretending(({ owner }, entry) => entry?.state === 'tombstone' && entry.owner === owner),
  },
]

function asking(edit: (request: PurgeRequest) => PurgeRequest): Break {
  return (store) => ({ purge: (request) => store.purge(edit(request)) })
}

/** Shows rows that are in one of `states` when a purge comes as buried from then on. */
function purged(states: readonly EntryState[]): Break {
  const taken = (notes: Notes): Set<string> => noted(notes, 'purged', () => new Set<string>())
  const purge: Break = (store, notes) => ({
    purge: async (request) => {
      for (const row of await everyRow(store)) if (states.includes(row.state)) taken(notes).add(row.ref)
      return store.purge(request)
    },
  })
  return all(
    purge,
    show((row, notes) => (taken(notes).has(row.ref) ? { ...row, state: 'tombstone' } : row)),
  )
}

/** Shows tombstones in the light of the row that was settled. */
function remembering(edit: (row: Entry, before: Entry) => Entry): Break {
  const settled = (notes: Notes): Map<string, Entry> =>
    noted(notes, 'settled', () => new Map<string, Entry>())
  const remember = answer('settle', (result, { ref }, { notes }) => {
    if (result.kind === 'settled') settled(notes).set(ref, result.entry)
    return result
  })
  const shown = show((row, notes) => {
    const before = settled(notes).get(row.ref)
    return row.state === 'tombstone' && before !== undefined ? edit(row, before) : row
  })
  return all(remember, shown)
}
