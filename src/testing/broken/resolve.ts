import type { EntryState } from '../../ledger/entry.ts'
import type { ResolveRequest, ResolveResult } from '../../ledger/store.ts'
import { pretending } from './settle.ts'
import { answer, ask, type Break, type Mutant, rowOf, show, shortcut } from './wrap.ts'

const needsRead = 'a decision needs the attempt and the rev that were read'
const ends = 'a doubt ends as succeeded, failed or released, with who said so, why and when'
const evidence = 'a decision brings its result or error, and takes away the one before'
const steps = 'a decision writes the steps it brings and keeps them where it brings none'

const sources: Readonly<Record<ResolveRequest['to'], string>> = {
  succeeded: 'claimed, released, succeeded, failed or tombstone',
  failed: 'claimed, started, released, succeeded, failed or tombstone',
  released: 'started, released, succeeded, failed or tombstone',
  in_doubt: 'claimed, released, succeeded, failed, in_doubt or tombstone',
}

export const brokenResolves: readonly Mutant[] = [
  {
    id: 'doubt-redated',
    breaks: 'dates a doubt by the first claim',
    caughtBy: [
      'a started entry is put in doubt by somebody else, with since when and why',
      'the owner may put its own entry in doubt: since when and why are kept, and it has not finished',
    ],
    broken: show((row) =>
      row.doubt === undefined ? row : { ...row, doubt: { ...row.doubt, sinceMs: row.claimedAtMs - 1 } },
    ),
  },
  {
    id: 'doubt-changes-owner',
    breaks:
      'takes the owner away from an entry that is put in doubt, so that its late outcome cannot be told',
    caughtBy: [
      'a started entry is put in doubt by somebody else, with since when and why',
      "the owner's late outcome settles an entry in doubt",
    ],
    broken: (store, notes) => ({
      ...show((row) => (row.state === 'in_doubt' ? { ...row, owner: '' } : row))(store, notes),
      ...shortcut('settle', async ({ ref }) => {
        const row = await rowOf(store, ref)
        return row?.state === 'in_doubt' ? { kind: 'stale', entry: row } : undefined
      })(store, notes),
    }),
  },
  {
    id: 'drops-evidence',
    breaks: 'ends a doubt without keeping who said so',
    caughtBy: [ends],
    broken: ask('resolve', ({ resolution: _resolution, ...request }) => request),
  },
  {
    id: 'evidence-undated',
    breaks: 'dates evidence by its caller',
    caughtBy: [ends],
    broken: show((row) =>
      row.resolution === undefined ? row : { ...row, resolution: { ...row.resolution, atMs: 0 } },
    ),
  },
  {
    id: 'drops-decided-result',
    breaks: 'ends a doubt without the result or error that came with the decision',
    caughtBy: [evidence],
    broken: ask('resolve', ({ value: _value, error: _error, ...request }) => request),
  },
  {
    id: 'keeps-doubtful-error',
    breaks: 'keeps the error of the doubt beside the decision',
    caughtBy: [evidence],
    broken: ask('resolve', async (request, { store }) => {
      const { error } = (await rowOf(store, request.ref)) ?? {}
      return error === undefined ? request : { error, ...request }
    }),
  },
  {
    id: 'verify-is-too-late',
    breaks: 'takes no answer of the target unless the entry is in doubt',
    caughtBy: ['a verify answer ends a started entry as succeeded'],
    broken: refusing('started', 'succeeded'),
  },
  {
    id: 'claim-stays',
    breaks: 'lets nobody but its owner release a claim that nothing followed',
    caughtBy: ['a claim that nothing followed is released by somebody else'],
    broken: refusing('claimed', 'released'),
  },
  {
    id: 'decides-on-any-attempt',
    breaks: 'decides about another attempt than was read',
    caughtBy: [needsRead],
    broken: expecting(({ attempt }) => ({ attempt })),
  },
  {
    id: 'decides-on-any-rev',
    breaks: 'decides about a row that changed since it was read',
    caughtBy: [needsRead, 'a renewal or an outcome between read and decision defeats the decision'],
    broken: expecting(({ rev }) => ({ rev })),
  },
  {
    id: 'decides-about-the-absent',
    breaks: 'says that it decided about what is not there',
    caughtBy: ['a decision on an absent entry is stale, with no row, and inserts nothing'],
    broken: resolvesPretending((_, entry) => entry === undefined),
  },
  {
    id: 'every-decision-counts',
    breaks: 'says to each of several decisions that it counted',
    caughtBy: ['of concurrent decisions about one doubt exactly one counts'],
    broken: resolvesPretending(
      ({ expect }, entry) => entry?.attempt === expect.attempt && entry.rev > expect.rev,
    ),
  },
  {
    id: 'owner-overrides-decision',
    breaks: 'says to a late owner that its outcome replaced a decision',
    caughtBy: ['what a decision has ended takes no late outcome'],
    broken: pretending((_, entry) => entry?.resolution !== undefined),
  },
  {
    id: 'decision-drops-steps',
    breaks: 'forgets the steps that a decision brings',
    caughtBy: [steps],
    broken: ask('resolve', ({ steps: _steps, ...request }) => request),
  },
  {
    id: 'decision-clears-steps',
    breaks: 'forgets the steps where a decision brings none',
    caughtBy: [steps],
    broken: ask('resolve', (request) => ({ steps: { unlistedSinceMs: 0, steps: [] }, ...request })),
  },
  ...(['succeeded', 'failed', 'in_doubt', 'tombstone'] as const).map(takesOver),
  ...(['succeeded', 'failed', 'released', 'tombstone'] as const).map(settlesEnded),
  ...(['succeeded', 'failed', 'released', 'in_doubt'] as const).map(resolvesAnything),
]

function takesOver(state: EntryState): Mutant {
  return {
    id: `takes-over-${state}`,
    breaks: `lets a takeover have an entry that is ${state}`,
    caughtBy: [`an entry that is ${state} is never taken over, not even by one who read it as it is`],
    broken: answer('claim', (result, { expect, owner, to }) => {
      if (result.kind !== 'held' || result.entry.state !== state || expect?.rev !== result.entry.rev)
        return result
      return {
        kind: 'claimed',
        entry: { ...result.entry, owner, state: to, attempt: result.entry.attempt + 1 },
      }
    }),
  }
}

function settlesEnded(state: EntryState): Mutant {
  return {
    id: `settles-${state}`,
    breaks: `lets the last owner write another outcome over one that is ${state}`,
    caughtBy: [`an entry that is ${state} takes no other outcome, not even from its last owner`],
    broken: pretending(({ owner }, entry) => entry?.state === state && entry.owner === owner),
  }
}

function resolvesAnything(to: ResolveRequest['to']): Mutant {
  return {
    id: `resolves-anything-to-${to}`,
    breaks: `lets anybody write ${to} from any state`,
    caughtBy: [`nobody but the owner may turn ${sources[to]} into ${to}`],
    broken: resolvesPretending((request, entry) => request.to === to && entry?.rev === request.expect.rev),
  }
}

function refusing(from: EntryState, to: ResolveRequest['to']): Break {
  return shortcut('resolve', async (request, { store }) => {
    const row = await rowOf(store, request.ref)
    return row?.state === from && request.to === to ? { kind: 'stale', entry: row } : undefined
  })
}

function expecting(
  edit: (row: { attempt: number; rev: number }) => Partial<ResolveRequest['expect']>,
): Break {
  return ask('resolve', async (request, { store }) => {
    const row = await rowOf(store, request.ref)
    return row === undefined ? request : { ...request, expect: { ...request.expect, ...edit(row) } }
  })
}

/** Answers `resolved` where the good store has said that the decision is stale. */
function resolvesPretending(
  lies: (request: ResolveRequest, entry: ResolveResult['entry']) => boolean,
): Break {
  return answer('resolve', async (result, request, { store }) => {
    if (result.kind === 'resolved' || !lies(request, result.entry)) return result
    const entry = result.entry ?? (await store.list({ limit: 1 })).entries[0]
    return entry === undefined
      ? result
      : { kind: 'resolved', entry: { ...entry, ref: request.ref, state: request.to } }
  })
}
