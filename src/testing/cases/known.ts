import { utf8 } from '../../kernel/bytes.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { SettleRequest } from '../../ledger/store.ts'
import { has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'
import { sampleSteps } from './samples.ts'

/** `SettleRequest.known` spares a store a read; it must never change what a settle does. */
export const knownCases: readonly ContractCase[] = [
  {
    title: 'a settle that brings the row as its owner knew it does the same as one that does not',
    async run(bench) {
      for (const [from, request] of writes()) {
        const plain = await bench.fresh({ to: 'claimed', subject: 'order:1' })
        const hinted = await bench.fresh({ to: 'claimed', subject: 'order:1' })
        const rows: Entry[] = []
        for (const [row, isHinted] of [
          [plain, false],
          [hinted, true],
        ] as const) {
          const before = from === undefined ? row : await bench.settled(row, from)
          const after = await bench.settled(before, { ...request, ...(isHinted ? { known: before } : {}) })
          await bench.unchanged(after, 'the settle itself')
          rows.push(after)
        }
        same(
          ...outlines(rows),
          `the rows after ${from?.to ?? 'a claim'} and ${request.to}, without and with what was known`,
        )
      }
    },
  },
  {
    title:
      'what a settle brings as known is not believed when the row has changed since: it is settled as it is now',
    async run(bench) {
      const steps = sampleSteps()
      const known = await bench.fresh({ to: 'claimed' })
      await bench.settled(known, { to: 'started', steps })
      isKind(await bench.renew(bench.renewOf(known, { leaseMs: 900_000 })), 'renewed', 'a renewal')
      const now = await bench.row(known.ref)
      const settled = await bench.settled(now, { to: 'started', known })
      const { leaseUntilMs } = now
      has(settled, { state: 'started', steps, leaseUntilMs, rev: now.rev + 1, ownerWrite: 2 }, 'the row')
      await bench.unchanged(settled, 'the settle itself')
    },
  },
  {
    title:
      'what a settle brings as known opens no door: an old owner, an old write and an ended entry are refused as ever',
    async run(bench) {
      const old = await bench.fresh()
      const taken = await bench.takenOver(old)
      isKind(await bench.settle(bench.settleOf(old, { known: old })), 'stale', 'a settle by the owner before')
      await bench.unchanged(taken, 'a settle by the owner before')
      const known = await bench.fresh()
      const newer = await bench.settled(known, { to: 'started', ownerWrite: 2 })
      const late = bench.settleOf(known, { to: 'started', ownerWrite: 1, known })
      isKind(await bench.settle(late), 'stale', 'an older write')
      await bench.unchanged(newer, 'an older write')
      for (const state of ['succeeded', 'failed', 'released'] as const) {
        const row = await bench.fresh()
        const ended = await bench.settled(row, { to: state })
        isKind(
          await bench.settle(bench.settleOf(row, { to: 'in_doubt', ownerWrite: 2, known: row })),
          'stale',
          `a settle over ${state}`,
        )
        isKind(
          await bench.settle(bench.settleOf(ended, { to: 'in_doubt', known: ended })),
          'stale',
          `another settle over ${state}`,
        )
        await bench.unchanged(ended, `a settle over ${state}`)
      }
      const decided = await bench.fresh()
      const resolved = await bench.resolved(await bench.resolved(decided, 'in_doubt'), 'failed')
      isKind(
        await bench.settle(bench.settleOf(decided, { known: decided })),
        'stale',
        'a settle over a decision',
      )
      await bench.unchanged(resolved, 'a settle over a decision')
    },
  },
  {
    title: 'a settle that brings what was known and was already applied is recognised, as a new write',
    async run(bench) {
      const known = await bench.fresh()
      const request = bench.settleOf(known, { known, value: utf8('1') })
      const first = await bench.settle(request)
      isKind(first, 'settled', 'the first settle')
      const again = await bench.settle(request)
      isKind(again, 'settled', 'the same settle once more')
      same(again.entry, { ...first.entry, rev: first.entry.rev + 1 }, 'the row, but for its rev')
    },
  },
]

type Write = Partial<SettleRequest>

/** A write before, if any, and the write in question: each changes another part of the row. */
function writes(): readonly (readonly [Write | undefined, Write])[] {
  const steps = sampleSteps()
  const error = { code: 'RESET', message: 'reset' }
  return [
    [undefined, { to: 'succeeded', value: utf8('1') }],
    [undefined, { to: 'succeeded', valueKept: false, steps }],
    [undefined, { to: 'failed', error, earlierUnknown: true, round: 2 }],
    [undefined, { to: 'released', error, round: 1 }],
    [undefined, { to: 'in_doubt', error, why: 'reset' }],
    [undefined, { to: 'in_doubt', why: 'reset' }],
    [undefined, { to: 'claimed', steps, endsLease: true }],
    [{ to: 'started', steps }, { to: 'succeeded' }],
    [
      { to: 'started', steps },
      { to: 'started', steps: { ...steps, steps: [] } },
    ],
    [{ to: 'started', error }, { to: 'succeeded' }],
    [
      { to: 'in_doubt', error, steps, value: utf8('1') },
      { to: 'succeeded', value: utf8('2') },
    ],
    [
      { to: 'in_doubt', error, steps, value: utf8('1') },
      { to: 'released', round: 1 },
    ],
    [{ to: 'in_doubt' }, { to: 'in_doubt', why: 'still' }],
  ]
}

/** Both rows without what differs between any two: names, tokens and times. */
function outlines([plain, hinted]: readonly Entry[]): [unknown, unknown] {
  return [outline(plain), outline(hinted)]
}

function outline(row: Entry | undefined): unknown {
  if (row === undefined) return undefined
  const { ref: _ref, key: _key, fingerprint: _fingerprint, owner: _owner, settledDigest, ...rest } = row
  const { claimedAtMs, leaseUntilMs, finishedAtMs, firstPossibleSendAtMs, doubt, ...kept } = rest
  return {
    ...kept,
    hasDigest: settledDigest !== undefined,
    why: doubt?.why,
    isOver: leaseUntilMs <= claimedAtMs + 30_000,
    times: [finishedAtMs === undefined, firstPossibleSendAtMs === undefined, doubt?.sinceMs === undefined],
  }
}
