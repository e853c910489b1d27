import type { RenewResult } from '../../ledger/store.ts'
import { all, answer, ask, type Break, type Mutant, rowOf, show, shortcut } from './wrap.ts'

const clock = "a lease runs from the store's clock: until now plus leaseMs"
const moves = "a renewal moves the lease to the store's now plus leaseMs, and tells until when"
const lost =
  'a renewal by another owner, of another attempt or of an absent entry is lost and changes nothing'

export const brokenRenewals: readonly Mutant[] = [
  {
    id: 'lease-by-another-clock',
    breaks: 'counts leases by a clock that is an hour ahead',
    caughtBy: [clock],
    broken: show((row) => ({ ...row, leaseUntilMs: row.leaseUntilMs + 3_600_000 })),
  },
  {
    id: 'takeover-keeps-lease',
    breaks: "lets a takeover run on under the last owner's lease",
    caughtBy: [clock],
    broken: answer('claim', (result, { expect, leaseMs }) => {
      if (result.kind !== 'claimed' || expect === undefined) return result
      return { ...result, entry: { ...result.entry, leaseUntilMs: result.entry.claimedAtMs + leaseMs } }
    }),
  },
  {
    id: 'renews-by-half',
    breaks: 'renews for half the time',
    caughtBy: [moves],
    broken: ask('renew', (request) => ({ ...request, leaseMs: request.leaseMs / 2 })),
  },
  {
    id: 'renewals-add-up',
    breaks: 'adds each renewal to the end of the lease',
    caughtBy: [moves],
    broken: ask('renew', async (request, { store }) => {
      const { nowMs, results } = await store.read([request.ref])
      const leftMs = Math.max(0, (results[0]?.leaseUntilMs ?? nowMs) - nowMs)
      return { ...request, leaseMs: request.leaseMs + Math.ceil(leftMs) + 1000 }
    }),
  },
  {
    id: 'renewal-told-only',
    breaks: 'tells of a renewal that it does not write',
    caughtBy: [moves, 'a lapsed lease that nobody took over can be renewed'],
    broken: shortcut('renew', async ({ ref, owner, leaseMs }, { store }) => {
      const { nowMs, results } = await store.read([ref])
      return results[0]?.owner === owner ? { kind: 'renewed', leaseUntilMs: nowMs + leaseMs } : undefined
    }),
  },
  {
    id: 'renewal-shortens',
    breaks: 'shortens a lease to a shorter renewal',
    caughtBy: ['a renewal never shortens a lease'],
    broken: answer('renew', async (result, { leaseMs }, { store }) => {
      return result.kind === 'renewed'
        ? { kind: 'renewed', leaseUntilMs: (await store.read([])).nowMs + leaseMs }
        : result
    }),
  },
  {
    id: 'lapsed-is-lost',
    breaks: 'refuses to renew a lapsed lease',
    caughtBy: ['a lapsed lease that nobody took over can be renewed'],
    broken: shortcut('renew', async ({ ref }, { store }) => {
      const { nowMs, results } = await store.read([ref])
      return (results[0]?.leaseUntilMs ?? nowMs) < nowMs ? { kind: 'lost' } : undefined
    }),
  },
  {
    id: 'renews-for-anybody',
    breaks: 'renews whoever asks',
    caughtBy: [lost],
    broken: ask('renew', async (request, { store }) => {
      const row = await rowOf(store, request.ref)
      return row === undefined ? request : { ...request, owner: row.owner, attempt: row.attempt }
    }),
  },
  {
    id: 'renews-any-attempt',
    breaks: 'does not look at the attempt of a renewal',
    caughtBy: [lost],
    broken: ask('renew', async (request, { store }) => ({
      ...request,
      attempt: (await rowOf(store, request.ref))?.attempt ?? request.attempt,
    })),
  },
  {
    id: 'renewed-in-doubt',
    breaks: 'tells the owner of an entry in doubt that nothing has happened',
    caughtBy: ['a renewal of an entry in doubt is lost'],
    broken: telling('in_doubt', { kind: 'finished' }),
  },
  {
    id: 'finished-is-lost',
    breaks: 'aborts an owner that renews what it has just ended',
    caughtBy: ['a renewal by the owner of what it has ended answers finished and changes nothing'],
    broken: answer('renew', (result) => (result.kind === 'finished' ? { kind: 'lost' } : result)),
  },
  {
    id: 'released-is-lost',
    breaks: 'aborts an owner that renews what it has just released',
    caughtBy: ['a renewal by the owner of what it has ended answers finished and changes nothing'],
    broken: telling('released', { kind: 'lost' }),
  },
  {
    id: 'clock-of-the-reader',
    breaks: 'answers claims by one clock and reads by another',
    caughtBy: ["the store's clock does not run backwards, and dates what is written between two readings"],
    broken: (store) => ({
      claim: async (requests) => {
        const good = await store.claim(requests)
        return { ...good, nowMs: good.nowMs + 60_000 }
      },
    }),
  },
  {
    id: 'seconds-for-milliseconds',
    breaks: 'tells the time in seconds',
    caughtBy: [
      "the store's clock does not run backwards, and dates what is written between two readings",
      clock,
    ],
    broken: all((store) => ({
      read: async (refs) => {
        const good = await store.read(refs)
        return { ...good, nowMs: good.nowMs / 1000 }
      },
    })),
  },
]

function telling(state: string, lie: RenewResult): Break {
  return shortcut('renew', async ({ ref }, { store }) =>
    (await rowOf(store, ref))?.state === state ? lie : undefined,
  )
}
