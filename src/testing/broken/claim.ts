import type { ClaimResult } from '../../ledger/store.ts'
import { answer, ask, type Mutant, reply, rowOf, show } from './wrap.ts'

const inserted = 'an absent entry is inserted by its first claim and by no later one'
const held = 'a claim of a held entry shows the row as it is and changes nothing'
const nothingOver = 'a claim without an expectation takes nothing over, whatever the state'

export const brokenClaims: readonly Mutant[] = [
  {
    id: 'upsert',
    breaks: 'takes over what is there when a claim only wants to insert',
    caughtBy: [inserted, held, nothingOver],
    broken: ask('claim', async (request, { store }) => {
      const row = await rowOf(store, request.ref)
      if (request.expect !== undefined || row === undefined) return request
      const { attempt, rev, round, earlierUnknown } = row
      return {
        ...request,
        expect: { attempt, rev, round, earlierUnknown, raisesAttempt: true, keepsFirstSend: true },
      }
    }),
  },
  {
    id: 'claims-released-unasked',
    breaks: 'takes over a released entry when a claim only wants to insert',
    caughtBy: [nothingOver],
    broken: ask('claim', async (request, { store }) => {
      const row = await rowOf(store, request.ref)
      if (request.expect !== undefined || row?.state !== 'released') return request
      const { attempt, rev, round, earlierUnknown } = row
      return {
        ...request,
        expect: { attempt, rev, round, earlierUnknown, raisesAttempt: true, keepsFirstSend: false },
      }
    }),
  },
  {
    id: 'recognises-by-reading',
    breaks: 'recognises its own claim by reading it, without a write',
    caughtBy: [inserted, 'a takeover sent again is held, and shows that the row is its own'],
    broken: answer('claim', (result, { owner }) => {
      return result.kind === 'held' && result.entry.owner === owner
        ? { kind: 'claimed', entry: result.entry }
        : result
    }),
  },
  {
    id: 'check-then-act',
    breaks: 'looks first and acts on what it saw',
    caughtBy: [
      'of 50 concurrent claims of one key exactly one runs',
      'of 50 concurrent claims of one key from two handles exactly one runs',
      'concurrent batches that share keys in different orders all get their answers, each key one owner',
      'handles that open an empty place at once agree on its lineage, and all of them work',
    ],
    broken: (store) => ({
      claim: async (requests) => {
        const seen = (await store.read(requests.map(({ ref }) => ref))).results
        const good = await store.claim(requests)
        const acted = (result: ClaimResult, index: number): ClaimResult => {
          const owner = requests[index]?.owner ?? ''
          return result.kind === 'held' && seen[index] === undefined
            ? { kind: 'claimed', entry: { ...result.entry, owner } }
            : result
        }
        return { ...good, results: good.results.map(acted) }
      },
    }),
  },
  {
    id: 'no-verdict-after-conflict',
    breaks: 'has no answer for a key that was inserted by somebody else meanwhile',
    caughtBy: [
      'concurrent batches that share keys in different orders all get their answers, each key one owner',
    ],
    broken: reply('claim', (results) => results.filter((result) => result.kind !== 'held')),
  },
  {
    id: 'held-shows-the-asker',
    breaks: 'shows the row with the owner who asked',
    caughtBy: [held, 'what a claim was told was held is the row of whoever got it'],
    broken: answer('claim', (result, { owner }) => {
      return result.kind === 'held' ? { kind: 'held', entry: { ...result.entry, owner } } : result
    }),
  },
  {
    id: 'held-renews',
    breaks: 'renews the lease of the owner when somebody else asks',
    caughtBy: [held],
    broken: answer('claim', async (result, { leaseMs }, { store }) => {
      if (result.kind !== 'held') return result
      const { ref, owner, attempt } = result.entry
      await store.renew([{ ref, owner, attempt, leaseMs }])
      return result
    }),
  },
  {
    id: 'default-lease',
    breaks: 'keeps a lease of its own instead of the one asked for',
    caughtBy: ['a claim is kept as it was asked for, and begins attempt 1 of round 0'],
    broken: show((row) => ({ ...row, leaseMs: 30_000 })),
  },
  {
    id: 'attempts-from-zero',
    breaks: 'counts attempts from 0',
    caughtBy: ['a claim is kept as it was asked for, and begins attempt 1 of round 0'],
    broken: show((row) => ({ ...row, attempt: row.attempt - 1 })),
  },
  {
    id: 'empty-subject',
    breaks: 'shows a missing subject as an empty one',
    caughtBy: ['a claim without a subject has none, and one without an input keeps an empty fingerprint'],
    broken: show((row) => ({ ...row, subject: row.subject ?? '' })),
  },
  {
    id: 'everything-claimed',
    breaks: 'does not start a plain run by its claim',
    caughtBy: [
      'a plain run is started by its claim and can have been sent from then on; a stepped one is only claimed',
    ],
    broken: ask('claim', (request) => ({ ...request, to: 'claimed' })),
  },
  {
    id: 'everything-started',
    breaks: 'starts a stepped run by its claim',
    caughtBy: [
      'a plain run is started by its claim and can have been sent from then on; a stepped one is only claimed',
      'a claimed entry is taken over as claimed or as started, as asked',
    ],
    broken: ask('claim', (request) => ({ ...request, to: 'started' })),
  },
  {
    id: 'gone-after-held',
    breaks: 'gives up a batch at the first claim that is held',
    caughtBy: [
      'claims are answered in the order they were asked, each on its own',
      'in one batch takeovers, inserts and held claims do not disturb each other',
    ],
    broken: reply('claim', (results) => {
      const first = results.findIndex((result) => result.kind === 'held')
      return results.map((result, index) => (first >= 0 && index > first ? { kind: 'gone' } : result))
    }),
  },
]
