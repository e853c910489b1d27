import { randomUUID } from 'node:crypto'
import type { Entry } from '../../ledger/entry.ts'
import { StoreFault } from '../../ledger/store.ts'
import { lagging, lagsOf } from './offsets.ts'
import { all, answer, type Mutant, noted, show, shortcut } from './wrap.ts'

const fenceRises =
  'the fence rises with every claim of an entry, over takeovers, releases, doubts and decisions'
const seen = 'what one handle was acknowledged every other handle sees at once'

export const brokenLineage: readonly Mutant[] = [
  {
    id: 'nameless',
    breaks: 'has no name',
    caughtBy: ['a store says what it is: a name, a location, and whether it has transactions'],
    broken: () => ({ name: '' }),
  },
  {
    id: 'claims-to-be-transactional',
    breaks: 'says that it has transactions, or has none, against the truth',
    caughtBy: ['a store says what it is: a name, a location, and whether it has transactions'],
    broken: (store) => ({ isTransactional: !store.isTransactional }),
  },
  {
    id: 'epoch-zero',
    breaks: 'begins its epochs at 0',
    caughtBy: ['the lineage is an epoch from 1 on and a nonce, and opening again answers the same'],
    broken: (store) => ({ open: async () => ({ ...(await store.open()), epoch: 0 }) }),
  },
  {
    id: 'nonce-per-open',
    breaks: 'draws a nonce with every open',
    caughtBy: [
      'the lineage is an epoch from 1 on and a nonce, and opening again answers the same',
      'every handle on one place answers the same lineage',
      'handles that open an empty place at once agree on its lineage, and all of them work',
      'closing and opening again keeps every row, every record and the lineage',
    ],
    broken: (store) => ({ open: async () => ({ ...(await store.open()), nonce: randomUUID() }) }),
  },
  {
    id: 'nonce-by-name',
    breaks: 'has the same nonce everywhere',
    caughtBy: ['two places have two nonces, and what one holds the other does not'],
    broken: (store) => ({ open: async () => ({ ...(await store.open()), nonce: 'the-one-and-only-nonce' }) }),
  },
  {
    id: 'epoch-not-written',
    breaks: 'writes no epoch into its rows',
    caughtBy: ['a claim carries the epoch of the lineage'],
    broken: show((row) => ({ ...row, epoch: 0 })),
  },
  {
    id: 'attempt-reset-by-release',
    breaks: 'begins to count attempts anew after a release, as if the row had been deleted',
    caughtBy: [
      fenceRises,
      'the attempt goes on rising after a release: a row is never deleted on release',
      'the attempt goes on rising after a doubt was resolved',
    ],
    broken: all(
      answer('settle', (result, request, { notes }) => {
        if (result.kind === 'settled' && request.to === 'released')
          lagsOf(notes, 'attempt').set(request.ref, result.entry.attempt)
        return result
      }),
      answer('resolve', (result, request, { notes }) => {
        if (result.kind === 'resolved' && request.to === 'released')
          lagsOf(notes, 'attempt').set(request.ref, result.entry.attempt)
        return result
      }),
      lagging('attempt'),
    ),
  },
  {
    id: 'handle-sees-its-own',
    breaks: 'shows a handle only what it has claimed itself',
    caughtBy: [seen, 'closing and opening again keeps every row, every record and the lineage'],
    broken: (store) => {
      const mine = new Set<string>()
      return {
        claim: (requests) => {
          for (const { ref } of requests) mine.add(ref)
          return store.claim(requests)
        },
        read: async (refs) => {
          const reply = await store.read(refs)
          const own = (row: Entry | undefined): Entry | undefined =>
            row !== undefined && mine.has(row.ref) ? row : undefined
          return { ...reply, results: reply.results.map(own) }
        },
      }
    },
  },
  {
    id: 'handle-caches-rows',
    breaks: 'reads a row once and then from its cache',
    caughtBy: [seen],
    broken: (store) => {
      const cache = new Map<string, Entry>()
      return {
        read: async (refs) => {
          const reply = await store.read(refs)
          const cached = (row: Entry | undefined): Entry | undefined => {
            if (row !== undefined && !cache.has(row.ref)) cache.set(row.ref, row)
            return row === undefined ? undefined : cache.get(row.ref)
          }
          return { ...reply, results: reply.results.map(cached) }
        },
      }
    },
  },
  {
    id: 'owner-bound-to-handle',
    breaks: 'takes outcomes only through the handle that claimed',
    caughtBy: [
      'an entry goes on after closing and opening again: its owner settles it, others may take it over',
    ],
    broken: (store) => {
      const mine = new Set<string>()
      const remember = answer('claim', (result, request) => {
        mine.add(request.ref)
        return result
      })
      const refuse = shortcut('settle', (request) =>
        Promise.resolve(mine.has(request.ref) ? undefined : { kind: 'stale', entry: undefined }),
      )
      return all(remember, refuse)(store, new Map())
    },
  },
  {
    id: 'close-ends-all',
    breaks: 'ends what every handle uses when one is closed',
    caughtBy: ['closing one handle leaves the others working'],
    broken: (store, notes) => ({
      claim: (requests) =>
        notes.has('closed')
          ? Promise.reject(new StoreFault('unavailable', 'The pool has ended.'))
          : store.claim(requests),
      close: () => {
        noted(notes, 'closed', () => true)
        return store.close()
      },
    }),
  },
]
