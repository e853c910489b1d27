import type { Entry } from '../../ledger/entry.ts'
import type { ClaimRequest, Store } from '../../ledger/store.ts'
import { lagging, lagsOf } from './offsets.ts'
import {
  all,
  answer,
  ask,
  type Break,
  type Mutant,
  noted,
  type Notes,
  present,
  rowOf,
  show,
  shortcut,
  without,
} from './wrap.ts'

type Takeover = NonNullable<ClaimRequest['expect']>

export const brokenTakeovers: readonly Mutant[] = [
  {
    id: 'takeover-inserts',
    breaks: 'inserts what a takeover did not find',
    caughtBy: ['a takeover of what is not there is answered gone and inserts nothing'],
    broken: (store) => ({
      claim: async (requests) => {
        const good = await store.claim(requests)
        const gone = requests.filter((_, index) => good.results[index]?.kind === 'gone')
        await store.claim(gone.map(({ expect: _expect, ...request }) => request))
        return good
      },
    }),
  },
  {
    id: 'takeover-ignores-attempt',
    breaks: 'takes over whatever the attempt is by now',
    caughtBy: ['a takeover needs the attempt that was read'],
    broken: expecting((_, row) => ({ attempt: row.attempt })),
  },
  {
    id: 'takeover-ignores-rev',
    breaks: 'takes over whatever has been written since',
    caughtBy: [
      'a takeover needs the rev that was read',
      'a renewal between read and takeover defeats the takeover',
      'a write of the owner between read and takeover defeats the takeover',
    ],
    broken: expecting((_, row) => ({ rev: row.rev })),
  },
  {
    id: 'every-takeover-wins',
    breaks: 'tries a takeover that was too late again, on the row as it is now',
    caughtBy: ['of 50 concurrent takeovers of one row exactly one runs'],
    broken: answer('claim', async (result, request, { store }) => {
      let now = result
      for (let tries = 0; now.kind === 'held' && request.expect !== undefined && tries < 10; tries += 1) {
        const { attempt, rev } = now.entry
        now =
          (await store.claim([{ ...request, expect: { ...request.expect, attempt, rev } }])).results[0] ?? now
      }
      return now
    }),
  },
  {
    id: 'takeover-overtakes-outcome',
    breaks: 'gives a takeover what the old owner has just ended',
    caughtBy: [
      'of a takeover and an outcome of the old owner sent at once exactly one counts',
      'a write of the owner between read and takeover defeats the takeover',
    ],
    broken: answer('claim', (result, { expect, owner }) => {
      if (result.kind !== 'held' || result.entry.state !== 'succeeded' || expect === undefined) return result
      return {
        kind: 'claimed',
        entry: { ...result.entry, owner, state: 'started', attempt: expect.attempt + 1 },
      }
    }),
  },
  {
    id: 'renewal-keeps-rev',
    breaks: 'does not count a renewal as a write',
    caughtBy: [
      'a renewal between read and takeover defeats the takeover',
      'a renewal changes the lease and the rev, and nothing else',
      'a renewal or an outcome between read and decision defeats the decision',
    ],
    broken: all(
      answer('renew', (result, { ref }, { notes }) => {
        const lags = lagsOf(notes, 'rev')
        if (result.kind === 'renewed') lags.set(ref, (lags.get(ref) ?? 0) + 1)
        return result
      }),
      lagging('rev'),
    ),
  },
  {
    id: 'takeover-keeps-attempt',
    breaks: 'takes over without raising the attempt',
    caughtBy: [
      'a takeover raises attempt and rev by one, and brings its own owner, lease and retention',
      'the fence rises with every claim of an entry, over takeovers, releases, doubts and decisions',
      'the attempt goes on rising after a doubt was resolved',
    ],
    broken: expecting(() => ({ raisesAttempt: false })),
  },
  {
    id: 'takeover-keeps-retention',
    breaks: 'keeps the retention of the first claim',
    caughtBy: ['a takeover raises attempt and rev by one, and brings its own owner, lease and retention'],
    broken: ask('claim', async (request, { store }) => {
      const row = request.expect === undefined ? undefined : await rowOf(store, request.ref)
      return { ...request, retainMs: row?.retainMs ?? request.retainMs }
    }),
  },
  {
    id: 'takeover-rewrites-identity',
    breaks: 'writes the fingerprint, subject and safety of whoever takes over',
    caughtBy: [
      'a takeover cannot change what the entry is: identity, input, subject, safety and first claim are frozen',
    ],
    broken: afterTakeover((row, { fingerprint, subject, safety }) => ({
      ...row,
      fingerprint,
      safety,
      ...(subject === undefined ? {} : { subject }),
    })),
  },
  {
    id: 'takeover-redates-claim',
    breaks: 'dates the entry by its last claim',
    caughtBy: [
      'a takeover cannot change what the entry is: identity, input, subject, safety and first claim are frozen',
    ],
    broken: afterTakeover((row) => ({ ...row, claimedAtMs: row.leaseUntilMs - row.leaseMs })),
  },
  {
    id: 'takeover-unstarts',
    breaks: 'takes back a start when it is taken over as claimed',
    caughtBy: ['a started entry stays started through a takeover, even one that asks for claimed'],
    broken: afterTakeover((row, { to }) => ({ ...row, state: row.state === 'started' ? to : row.state })),
  },
  {
    id: 'takeover-stays-claimed',
    breaks: 'cannot start what was only claimed',
    caughtBy: ['a claimed entry is taken over as claimed or as started, as asked'],
    broken: ask('claim', (request) =>
      request.expect === undefined ? request : { ...request, to: 'claimed' },
    ),
  },
  {
    id: 'takeover-moves-first-send',
    breaks: 'dates the first possible send by the takeover',
    caughtBy: ['a takeover keeps the moment from which the effect can have been sent'],
    broken: expecting(() => ({ keepsFirstSend: false })),
  },
  {
    id: 'round-keeps-first-send',
    breaks: "goes on with the last round's first possible send",
    caughtBy: ['a new round has a first possible send of its own'],
    broken: expecting(() => ({ keepsFirstSend: true })),
  },
  {
    id: 'takeover-resets-round',
    breaks: 'begins at round 0 and forgets what is unknown',
    caughtBy: ['a takeover writes the round and the unknown earlier attempt as its decision says'],
    broken: expecting(() => ({ round: 0, earlierUnknown: false })),
  },
  {
    id: 'takeover-keeps-end',
    breaks: "keeps the last attempt's error, result, digest and doubt",
    caughtBy: ["a takeover forgets the last attempt's end: its result, error, digest and doubt"],
    broken: (store) => ({
      claim: async (requests) => {
        const before = (await store.read(requests.map(({ ref }) => ref))).results
        const good = await store.claim(requests)
        const results = good.results.map((result, index) => {
          const ended = before[index]
          if (result.kind !== 'claimed' || ended === undefined) return result
          return { ...result, entry: { ...ended, ...present(result.entry) } }
        })
        return { ...good, results }
      },
    }),
  },
  {
    id: 'takeover-drops-evidence',
    breaks: 'forgets who has decided an earlier doubt when it is taken over',
    caughtBy: ['a takeover keeps who has decided what: the evidence of an earlier doubt'],
    broken: afterTakeover((row) => without(row, 'resolution')),
  },
  {
    id: 'takeover-drops-steps',
    breaks: 'forgets the steps when it is taken over',
    caughtBy: ['a takeover keeps the steps'],
    broken: afterTakeover((row) => without(row, 'steps')),
  },
  {
    id: 'recognition-raises-attempt',
    breaks: 'counts the recognition of an own claim as another attempt',
    caughtBy: [
      'an owner that recognises its own claim writes it again: the attempt stays, rev and lease move',
    ],
    broken: expecting(() => ({ raisesAttempt: true })),
  },
  {
    id: 'recognition-writes-nothing',
    breaks: 'recognises an own claim without a write, which may not be durable',
    caughtBy: [
      'an owner that recognises its own claim writes it again: the attempt stays, rev and lease move',
    ],
    broken: shortcut('claim', async ({ ref, expect }, { store }) => {
      const row = expect?.raisesAttempt === false ? await rowOf(store, ref) : undefined
      return row === undefined ? undefined : { kind: 'claimed', entry: row }
    }),
  },
]

/** Changes what takeovers expect and say, in the light of the row as it is now. */
function expecting(edit: (expect: Takeover, row: Entry) => Partial<Takeover>): Break {
  return ask('claim', async (request, { store }) => {
    const row = await rowOf(store, request.ref)
    if (request.expect === undefined || row === undefined) return request
    return { ...request, expect: { ...request.expect, ...edit(request.expect, row) } }
  })
}

/** Shows rows that have been taken over differently from then on, in the light of the request that did it. */
function afterTakeover(edit: (row: Entry, request: ClaimRequest) => Entry): Break {
  const takers = (notes: Notes): Map<string, ClaimRequest> =>
    noted(notes, 'takers', () => new Map<string, ClaimRequest>())
  const remember = answer('claim', (result, request, { notes }) => {
    if (result.kind === 'claimed' && request.expect !== undefined) takers(notes).set(request.ref, request)
    return result
  })
  const shown = show((row, notes) => {
    const taker = takers(notes).get(row.ref)
    return taker === undefined ? row : edit(row, taker)
  })
  return (store: Store, notes) => all(remember, shown)(store, notes)
}
