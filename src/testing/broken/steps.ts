import { settleRow } from '../../ledger/transitions.ts'
import { pretending } from './settle.ts'
import { all, answer, ask, type Mutant, noted, rowOf, show, shortcut } from './wrap.ts'

const older = 'an older write of the owner that arrives late changes nothing'
const whole = 'a write without steps keeps those that are there; one with steps replaces them all'

export const brokenSteps: readonly Mutant[] = [
  {
    id: 'drops-steps',
    breaks: 'does not keep steps',
    caughtBy: ['a step write keeps the steps whole, and the entry with its owner'],
    broken: ask('settle', ({ steps: _steps, ...request }) => request),
  },
  {
    id: 'clears-steps',
    breaks: 'forgets the steps with a write that brings none',
    caughtBy: [whole],
    broken: ask('settle', (request) => ({ steps: { unlistedSinceMs: 0, steps: [] }, ...request })),
  },
  {
    id: 'merges-steps',
    breaks: 'keeps old steps beside those that a write brings',
    caughtBy: [whole],
    broken: ask('settle', async (request, { store }) => {
      const { steps } = (await rowOf(store, request.ref)) ?? {}
      if (steps === undefined || request.steps === undefined) return request
      return { ...request, steps: { ...request.steps, steps: [...steps.steps, ...request.steps.steps] } }
    }),
  },
  {
    id: 'step-unstarts',
    breaks: 'takes back a start when a step write says claimed',
    caughtBy: ['a step write to claimed never takes back a start'],
    broken: all(
      answer('settle', (result, { ref, to }, { notes }) => {
        const taken = noted(notes, 'unstarted', () => new Set<string>())
        if (to === 'claimed') taken.add(ref)
        else taken.delete(ref)
        return result
      }),
      show((row, notes) => {
        const taken = noted(notes, 'unstarted', () => new Set<string>())
        return row.state === 'started' && taken.has(row.ref) ? { ...row, state: 'claimed' } : row
      }),
    ),
  },
  {
    id: 'late-write-wins',
    breaks: "does not look at the number of the owner's writes",
    caughtBy: [
      older,
      'another write under the number of the last one changes nothing',
      'an older outcome that arrives after a newer write changes nothing',
    ],
    broken: ask('settle', async (request, { store }) => {
      const row = await rowOf(store, request.ref)
      const next = (row?.ownerWrite ?? 0) + 1
      return {
        ...request,
        ownerWrite:
          row?.settledDigest === request.digest ? request.ownerWrite : Math.max(request.ownerWrite, next),
      }
    }),
  },
  {
    id: 'wants-every-number',
    breaks: "refuses the owner's writes unless their numbers have no gap",
    caughtBy: [older, 'an older outcome that arrives after a newer write changes nothing'],
    broken: shortcut('settle', async ({ ref, ownerWrite }, { store }) => {
      const row = await rowOf(store, ref)
      return row !== undefined && ownerWrite > row.ownerWrite + 1 ? { kind: 'stale', entry: row } : undefined
    }),
  },
  {
    id: 'number-outlives-attempt',
    breaks: "goes on counting the owner's writes in the next attempt",
    caughtBy: ['each attempt counts its writes from 1 again'],
    broken: (store, notes) => {
      const highest = noted(notes, 'highest', () => new Map<string, number>())
      const refuse = shortcut('settle', async ({ ref, ownerWrite, digest }) => {
        const row = await rowOf(store, ref)
        const isOld = ownerWrite <= (highest.get(ref) ?? 0) && row?.settledDigest !== digest
        highest.set(ref, Math.max(ownerWrite, highest.get(ref) ?? 0))
        return isOld ? { kind: 'stale', entry: row } : undefined
      })
      return refuse(store, notes)
    },
  },
  {
    id: 'step-ends-doubt',
    breaks: 'takes a step write on an entry in doubt',
    caughtBy: ['a late step write does not touch an entry in doubt'],
    broken: pretending(
      ({ to }, entry) => entry?.state === 'in_doubt' && (to === 'claimed' || to === 'started'),
    ),
  },
  {
    id: 'believes-the-known',
    breaks: 'settles the row as its owner knew it, whatever it is by now',
    caughtBy: [
      'what a settle brings as known is not believed when the row has changed since: it is settled as it is now',
      'what a settle brings as known opens no door: an old owner, an old write and an ended entry are refused as ever',
    ],
    broken: shortcut('settle', async (request, { store }) => {
      const { nowMs } = await store.read([])
      return request.known === undefined
        ? undefined
        : settleRow(request.known, request, { nowMs, epoch: request.known.epoch })
    }),
  },
  {
    id: 'known-writes-half',
    breaks: 'leaves the steps out when it is told what was known',
    caughtBy: ['a settle that brings the row as its owner knew it does the same as one that does not'],
    broken: ask('settle', (request) => {
      const { steps: _steps, ...rest } = request
      return request.known === undefined ? request : rest
    }),
  },
  {
    id: 'known-wants-no-change',
    breaks: 'refuses a settle when the row has changed since its owner knew it',
    caughtBy: [
      'what a settle brings as known is not believed when the row has changed since: it is settled as it is now',
      'a settle that brings what was known and was already applied is recognised, as a new write',
    ],
    broken: shortcut('settle', async ({ ref, known }, { store }) => {
      const row = await rowOf(store, ref)
      return known !== undefined && row?.rev !== known.rev ? { kind: 'stale', entry: row } : undefined
    }),
  },
]
