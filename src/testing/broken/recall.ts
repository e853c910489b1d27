import { birthEpoch, type Entry } from '../../ledger/entry.ts'
import type { Lineage, RecallResult, Store } from '../../ledger/store.ts'
import { recallRow } from '../../ledger/transitions.ts'
import { answer, ask, type Break, type Mutant, noted, rowOf, shortcut, without } from './wrap.ts'

const standsAgain =
  'what was lost stands again as it was acknowledged, in this epoch and with the attempt that it had'
const twice = 'the same recall a second time changes nothing'
const kept = 'a row that is as new as it was acknowledged is kept, and nothing is written'
const later = 'a later state of an attempt, or a later write of its owner, replaces what is older'
const older = 'an older state, an older write and an older attempt change nothing'
const nextAttempt = 'a later attempt replaces an earlier one of the same epoch'
const goesOn = 'the owner settles what was recalled, and a takeover of it is an attempt of this epoch'
const fork = 'where another attempt was started meanwhile, neither is believed: the entry is in doubt'
const forkEnded = 'what the other attempt came to does not save it: an ended one is in doubt as well'
const stays = 'a conflict stays one, whoever recalls again, and is ended by a decision'
const idle = 'an attempt that did nothing gives way to one that may have'
const keyed = 'of two keyed attempts the one that has ended is right; of two that run neither owns the entry'
const transactional = 'a transactional entry that runs again is not disturbed'
const atOnce = 'workers that recall at once, in any order and again, agree: the latest of each entry stands'

/** Keeps what is there, where `isKept` says so. */
function keeping(isKept: (row: Entry, entry: Entry) => boolean): Break {
  return shortcut('recall', async ({ entry }, { store }) => {
    const row = await rowOf(store, entry.ref)
    return row !== undefined && isKept(row, entry) ? { kind: 'kept', entry: row } : undefined
  })
}

/** Recalls an entry as if it were `edit(entry)`, where there is a row that `when` holds of. */
function asIf(edit: (entry: Entry, row: Entry) => Entry): Break {
  return ask('recall', async ({ entry }, { store }) => {
    const row = await rowOf(store, entry.ref)
    return { entry: row === undefined ? entry : edit(entry, row) }
  })
}

function inConflict(edit: (row: Entry) => Entry): Break {
  return answer(
    'recall',
    (result): RecallResult =>
      result.kind === 'conflict' ? { ...result, entry: edit(result.entry) } : result,
  )
}

export const brokenRecalls: readonly Mutant[] = [
  {
    id: 'recall-skipped',
    breaks: 'takes a recall and writes nothing',
    caughtBy: [standsAgain, later, atOnce],
    broken: shortcut('recall', ({ entry }) => Promise.resolve({ kind: 'kept', entry })),
  },
  {
    id: 'recall-of-nothing-lost',
    breaks: 'recalls only what is still there',
    caughtBy: [standsAgain, goesOn],
    broken: shortcut('recall', async ({ entry }, { store }) =>
      (await rowOf(store, entry.ref)) === undefined ? { kind: 'kept', entry } : undefined,
    ),
  },
  {
    id: 'recall-drops-results',
    breaks: 'brings back the fact and not the result',
    caughtBy: [standsAgain, later],
    broken: ask('recall', ({ entry }) => ({ entry: without(entry, 'value', 'error', 'steps', 'doubt') })),
  },
  {
    id: 'recall-begins-attempts-anew',
    breaks: 'writes what it recalls as a first attempt',
    caughtBy: [nextAttempt],
    broken: ask('recall', ({ entry }) => ({ entry: { ...entry, attempt: 1 } })),
  },
  {
    id: 'recall-in-the-old-epoch',
    breaks: 'shows what was recalled under the epoch before',
    caughtBy: [standsAgain],
    broken: answer('recall', (result) => ({
      ...result,
      entry: { ...without(result.entry, 'claimedEpoch'), epoch: birthEpoch(result.entry) },
    })),
  },
  {
    id: 'recall-writes-every-time',
    breaks: 'writes again what stands already',
    caughtBy: [twice, kept],
    broken: asIf((entry, row) => ({ ...entry, ownerWrite: row.ownerWrite + 1 })),
  },
  {
    id: 'recall-overwrites-newer',
    breaks: 'lets an older attempt or state overwrite a newer one',
    caughtBy: [older, kept],
    broken: asIf((entry, row) => ({ ...entry, owner: row.owner, attempt: row.attempt + 1 })),
  },
  {
    id: 'recall-believes-what-is-there',
    breaks: 'never replaces a row that is there',
    caughtBy: [later, nextAttempt, fork, idle, keyed, atOnce],
    broken: keeping(() => true),
  },
  {
    id: 'recall-ignores-owner-writes',
    breaks: 'does not see that the owner has written since, where the state is the same',
    caughtBy: [later],
    broken: keeping((row, entry) => row.state === entry.state && row.attempt === entry.attempt),
  },
  {
    id: 'recall-takes-the-owner-away',
    breaks: 'gives what it recalls an owner of its own',
    caughtBy: [standsAgain, goesOn],
    broken: ask('recall', ({ entry }) => ({ entry: { ...entry, owner: 'recall' } })),
  },
  {
    id: 'fork-believes-the-first',
    breaks: 'lets the lost attempt win over one that was started meanwhile',
    caughtBy: [fork, forkEnded, stays],
    broken: asIf((entry, row) =>
      row.owner === entry.owner
        ? entry
        : { ...entry, owner: row.owner, epoch: row.epoch, attempt: row.attempt + 1 },
    ),
  },
  {
    id: 'end-is-followed',
    breaks: 'lets a later attempt, which was lost, take the place of one that has ended',
    caughtBy: [
      'a late success stands where its takeover was lost, unless both may have acted; a late failure gives way',
    ],
    broken: asIf((entry, row) =>
      row.state === 'succeeded' && entry.attempt > row.attempt ? { ...entry, owner: row.owner } : entry,
    ),
  },
  {
    id: 'fork-believes-an-end',
    breaks: 'keeps an attempt that has ended, though another one may have acted too',
    caughtBy: [forkEnded],
    broken: keeping((row) => row.state === 'succeeded'),
  },
  {
    id: 'fork-keeps-an-owner',
    breaks: 'leaves an entry in conflict to one of its owners, whose outcome then hides the other',
    caughtBy: [fork],
    broken: inConflict((row) => ({ ...row, owner: 'one-of-them' })),
  },
  {
    id: 'fork-each-time',
    breaks: 'makes a conflict of a conflict again',
    caughtBy: [stays],
    broken: (store, notes) => {
      const counted = noted(notes, 'conflicts', () => new Map<string, number>())
      return answer('recall', (result) => {
        const before = counted.get(result.entry.ref)
        if (result.kind === 'conflict') counted.set(result.entry.ref, 1)
        return before === undefined ? result : { kind: 'conflict', entry: result.entry }
      })(store, notes)
    },
  },
  {
    id: 'release-hides-a-success',
    breaks: 'believes a release of the new epoch over a success of the one before',
    caughtBy: [idle],
    broken: keeping((row) => row.state === 'released'),
  },
  {
    id: 'keyed-fork-in-doubt',
    breaks: 'puts keyed entries in doubt, whose target would tell them apart',
    caughtBy: [keyed],
    broken: answer('recall', (result) =>
      result.kind === 'conflict' && result.entry.safety === 'keyed'
        ? { ...result, entry: { ...result.entry, state: 'in_doubt' } }
        : result,
    ),
  },
  {
    id: 'keyed-fork-moves-first-send',
    breaks: "counts a keyed entry's first send from the later of two attempts",
    caughtBy: [keyed],
    broken: inConflict((row) => ({ ...row, firstPossibleSendAtMs: row.claimedAtMs + 60_000 })),
  },
  {
    id: 'transactional-fork',
    breaks: 'disturbs a transaction whose former attempt was lost, and has done nothing',
    caughtBy: [transactional],
    broken: asIf((entry, row) =>
      row.safety === 'transactional' ? { ...entry, epoch: row.epoch, attempt: row.attempt + 1 } : entry,
    ),
  },
  {
    id: 'recall-races',
    breaks: 'reads, merges and then writes without a lock in between',
    caughtBy: [atOnce],
    broken: (store) => ({ recall: (requests) => raced(store, requests) }),
  },
]

/** Decides by the row as it was before, and makes the store take it. */
async function raced(store: Store, requests: Parameters<Store['recall']>[0]): ReturnType<Store['recall']> {
  const { results: rows, nowMs } = await store.read(requests.map(({ entry }) => entry.ref))
  const { epoch } = await store.open()
  await new Promise((resolve) => setTimeout(resolve, 5))
  const results: RecallResult[] = []
  for (const [index, request] of requests.entries()) {
    const decided = recallRow(rows[index], request, { nowMs, epoch })
    if (decided.kind !== 'kept') {
      const now = await rowOf(store, request.entry.ref)
      const forced = {
        ...request.entry,
        attempt: decided.entry.attempt,
        ownerWrite: (now?.ownerWrite ?? 0) + 1,
      }
      const owner = now?.owner ?? forced.owner
      const state = request.entry.state
      await store.recall([
        { entry: { ...forced, owner, state, attempt: forced.attempt + (now === undefined ? 0 : 1) } },
      ])
    }
    results.push(decided)
  }
  return { nowMs, results }
}

const firstHasNone = 'the first lineage of a place has no beginning: before it nothing can have been lost'
const leaving =
  'leaving a lineage begins the next: a greater epoch, another nonce, and when by the store’s clock'
const notAgain = 'a lineage that does not stand any more is not left again'
const oneBegins = 'of many handles that leave one lineage at once, one begins the next and all learn of it'
const named = 'a write that names another lineage writes nothing, and is told which one stands'
const taken = 'a write that names the lineage that stands is taken'
const learns =
  'another handle learns of a new lineage by its next write, which writes nothing, and goes on under it'
const changesNothing = 'a new lineage changes no row, and the fence rises over it'
const isThere = 'a lineage that was begun is there after closing and opening again'

export const brokenEpochs: readonly Mutant[] = [
  {
    id: 'first-lineage-is-young',
    breaks: 'lets everybody wait in a place that was just made',
    caughtBy: [firstHasNone],
    broken: (store) => ({ open: async () => ({ ...(await store.open()), beganAtMs: 1 }) }),
  },
  {
    id: 'lineages-never-end',
    breaks: 'begins no lineage',
    caughtBy: [leaving, oneBegins, named, learns],
    broken: (store) => ({ leave: () => store.open() }),
  },
  {
    id: 'lineage-undated',
    breaks: 'does not say when a lineage began',
    caughtBy: [leaving],
    broken: (store) => ({
      leave: async (lineage) => {
        const { beganAtMs: _began, ...next } = await store.leave(lineage)
        return next
      },
    }),
  },
  {
    id: 'leaves-whatever-stands',
    breaks: 'begins another lineage, whichever was to be left',
    caughtBy: [notAgain],
    broken: (store) => ({
      leave: async () => store.leave(await store.open()),
    }),
  },
  {
    id: 'lineage-unheeded',
    breaks: 'writes under whatever lineage stands, whichever was named',
    caughtBy: [named],
    broken: (store) => ({
      claim: (requests) => store.claim(requests),
      settle: (requests) => store.settle(requests),
    }),
  },
  {
    id: 'lineage-untold',
    breaks: 'refuses a write under another lineage and does not say which one stands',
    caughtBy: [named, learns],
    broken: (store) => ({
      claim: (requests, lineage) =>
        store.claim(requests, lineage).catch((error: unknown) => {
          throw Object.assign(error as Error, { lineage: undefined })
        }),
    }),
  },
  {
    id: 'lineage-refused',
    breaks: 'takes no write that names a lineage',
    caughtBy: [taken],
    broken: (store) => ({
      claim: (requests, lineage) =>
        store.claim(requests, lineage === undefined ? undefined : { ...lineage, nonce: 'x' }),
    }),
  },
  {
    id: 'lineage-adopted-in-silence',
    breaks:
      'goes on under a new lineage without a word, so that nobody knows that anything is to be recalled',
    caughtBy: [learns],
    broken: (store) => ({
      claim: (requests, lineage?: Lineage) =>
        store.claim(requests, lineage).catch(() => store.claim(requests, lineage)),
    }),
  },
  {
    id: 'lineage-touches-rows',
    breaks: 'counts a new lineage as a write of every row',
    caughtBy: [changesNothing],
    broken: (store, notes) => ({
      leave: (lineage) => {
        noted(notes, 'left', () => true)
        return store.leave(lineage)
      },
      read: async (refs) => {
        const reply = await store.read(refs)
        const touched = (row: Entry | undefined): Entry | undefined =>
          row !== undefined && notes.has('left') ? { ...row, rev: row.rev + 1 } : row
        return { ...reply, results: reply.results.map(touched) }
      },
    }),
  },
  {
    id: 'lineage-forgotten',
    breaks: 'answers its first lineage again once it has been closed',
    caughtBy: [isThere],
    broken: (store, notes) => ({
      open: async () => {
        const stands = await store.open()
        return noted(notes, 'first', () => stands)
      },
    }),
  },
]
