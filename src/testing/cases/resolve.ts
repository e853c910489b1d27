import { utf8 } from '../../kernel/bytes.ts'
import { check, countKind, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'
import { sampleSteps } from './samples.ts'

export const resolveCases: readonly ContractCase[] = [
  {
    title: 'a started entry is put in doubt by somebody else, with since when and why',
    async run(bench) {
      const row = await bench.fresh()
      const beforeMs = await bench.nowMs()
      const doubted = await bench.resolved(row, 'in_doubt', { why: 'the lease lapsed' })
      const { owner, attempt, firstPossibleSendAtMs } = row
      has(
        doubted,
        {
          state: 'in_doubt',
          owner,
          attempt,
          firstPossibleSendAtMs,
          rev: row.rev + 1,
          finishedAtMs: undefined,
        },
        'the row',
      )
      same(doubted.doubt?.why, 'the lease lapsed', 'why')
      const sinceMs = doubted.doubt?.sinceMs ?? 0
      check(beforeMs <= sinceMs && sinceMs <= (await bench.nowMs()), 'it is in doubt since then')
      await bench.unchanged(doubted, 'the resolve itself')
    },
  },
  {
    title: 'a doubt ends as succeeded, failed or released, with who said so, why and when',
    async run(bench) {
      for (const to of ['succeeded', 'failed', 'released'] as const) {
        const row = await bench.inState('in_doubt')
        const beforeMs = await bench.nowMs()
        const resolved = await bench.resolved(row, to, { resolution: { by: 'Ada', because: `it ${to}` } })
        same(resolved.state, to, 'the state')
        has(resolved.resolution ?? {}, { by: 'Ada', because: `it ${to}` }, 'the evidence')
        const atMs = resolved.resolution?.atMs ?? 0
        check(beforeMs <= atMs && atMs <= (await bench.nowMs()), "the evidence is dated by the store's clock")
        same(resolved.finishedAtMs, to === 'released' ? undefined : atMs, 'it finished with the decision')
        await bench.unchanged(resolved, 'the resolve itself')
      }
    },
  },
  {
    title: 'a decision brings its result or error, and takes away the one before',
    async run(bench) {
      const error = { code: 'RESET', message: 'connection reset' }
      const doubted = await bench.settled(await bench.fresh(), { to: 'in_doubt', error })
      const succeeded = await bench.resolved(doubted, 'succeeded', { value: utf8('{"id":1}') })
      has(succeeded, { value: utf8('{"id":1}'), valueKept: true, error: undefined }, 'the row that succeeded')
      const failure = { code: 'NOT_SENT', message: 'never arrived' }
      has(
        await bench.resolved(await bench.inState('in_doubt'), 'failed', { error: failure }),
        { error: failure },
        'the row that failed',
      )
      const unkept = await bench.resolved(await bench.inState('in_doubt'), 'succeeded', { valueKept: false })
      has(unkept, { valueKept: false, value: undefined }, 'the row whose result was not kept')
    },
  },
  {
    title: 'a verify answer ends a started entry as succeeded',
    async run(bench) {
      const row = await bench.fresh({ safety: 'verifiable' })
      const resolved = await bench.resolved(row, 'succeeded', {
        value: utf8('1'),
        resolution: { by: 'verify', because: 'it has it' },
      })
      has(
        resolved,
        { state: 'succeeded', value: utf8('1'), attempt: row.attempt, owner: row.owner },
        'the row',
      )
    },
  },
  {
    title: 'a claim that nothing followed is released by somebody else',
    async run(bench) {
      const row = await bench.fresh({ to: 'claimed' })
      has(await bench.resolved(row, 'released'), { state: 'released', attempt: row.attempt }, 'the row')
    },
  },
  {
    title: 'a decision needs the attempt and the rev that were read',
    async run(bench) {
      const row = await bench.takenOver(await bench.fresh())
      const { attempt, rev } = row
      const others = [
        { attempt: attempt - 1, rev },
        { attempt: attempt + 1, rev },
        { attempt, rev: rev - 1 },
        { attempt, rev: rev + 1 },
      ]
      for (const expect of others) {
        const result = await bench.resolve(bench.resolveOf(row, 'in_doubt', { expect }))
        isKind(
          result,
          'stale',
          `a decision on attempt ${expect.attempt}, rev ${expect.rev} of ${attempt}, ${rev}`,
        )
        same(result.entry, row, 'stale shows the row as it is')
      }
      await bench.unchanged(row, 'a decision on another row')
    },
  },
  {
    title: 'a decision on an absent entry is stale, with no row, and inserts nothing',
    async run(bench) {
      const row = await bench.fresh()
      const { ref } = bench.claimOf()
      const result = await bench.resolve(bench.resolveOf(row, 'in_doubt', { ref }))
      isKind(result, 'stale', 'a decision on an absent entry')
      same(result.entry, undefined, 'its row')
      same((await bench.store.read([ref])).results, [undefined], 'the entry')
    },
  },
  {
    title: 'a renewal or an outcome between read and decision defeats the decision',
    async run(bench) {
      const row = await bench.fresh()
      isKind(await bench.renew(bench.renewOf(row)), 'renewed', 'the renewal')
      isKind(
        await bench.resolve(bench.resolveOf(row, 'in_doubt')),
        'stale',
        'a doubt about a row that was renewed',
      )
      const doubted = await bench.inState('in_doubt')
      await bench.settled(doubted)
      isKind(
        await bench.resolve(bench.resolveOf(doubted, 'released')),
        'stale',
        'a decision about a row that was settled',
      )
      same((await bench.row(doubted.ref)).state, 'succeeded', 'the state')
    },
  },
  {
    title: 'of concurrent decisions about one doubt exactly one counts',
    async run(bench) {
      const row = await bench.inState('in_doubt')
      const choices = ['succeeded', 'failed', 'released', 'succeeded', 'failed', 'released'] as const
      const results = await Promise.all(choices.map((to) => bench.resolve(bench.resolveOf(row, to))))
      same(countKind(results, 'resolved'), 1, 'decisions that were taken')
      const taken = choices[results.findIndex((result) => result.kind === 'resolved')]
      same((await bench.row(row.ref)).state, taken, 'the state')
    },
  },
  {
    title: 'what a decision has ended takes no late outcome',
    async run(bench) {
      for (const to of ['succeeded', 'failed', 'released'] as const) {
        const row = await bench.fresh()
        const resolved = await bench.resolved(await bench.resolved(row, 'in_doubt'), to)
        isKind(
          await bench.settle(bench.settleOf(row)),
          'stale',
          `the owner's success after a decision (${to})`,
        )
        await bench.unchanged(resolved, 'a late outcome')
      }
    },
  },
  {
    title: 'a doubt keeps that an earlier attempt is unknown; its end clears it',
    async run(bench) {
      const result = await bench.claim(bench.takeoverOf(await bench.fresh(), {}, { earlierUnknown: true }))
      isKind(result, 'claimed', 'a takeover')
      const doubted = await bench.resolved(result.entry, 'in_doubt')
      same(doubted.earlierUnknown, true, 'in doubt')
      same((await bench.resolved(doubted, 'released')).earlierUnknown, false, 'after the decision')
    },
  },
  {
    title: 'a decision writes the steps it brings and keeps them where it brings none',
    async run(bench) {
      const steps = sampleSteps()
      const row = await bench.settled(await bench.fresh({ to: 'claimed' }), { to: 'started', steps })
      const doubted = await bench.resolved(row, 'in_doubt')
      same(doubted.steps, steps, 'the steps in doubt')
      const fewer = { ...steps, steps: steps.steps.slice(0, 2) }
      same(
        (await bench.resolved(doubted, 'released', { steps: fewer })).steps,
        fewer,
        'the steps after the decision',
      )
    },
  },
  {
    title: 'the attempt goes on rising after a doubt was resolved',
    async run(bench) {
      const doubted = await bench.settled(await bench.takenOver(await bench.fresh()), { to: 'in_doubt' })
      const row = await bench.resolved(doubted, 'released')
      same(row.attempt, 2, 'the attempt of the released row')
      same((await bench.takenOver(row)).attempt, 3, 'the attempt of the next claim')
    },
  },
]
