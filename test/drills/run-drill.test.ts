import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aftermath } from '../../src/drills/aftermath.ts'
import type { Drill, DrillContext, Findings } from '../../src/drills/drill.ts'
import { throwawayPlaces } from '../../src/drills/places/places.ts'
import type { DrillResult } from '../../src/drills/report.ts'
import { runDrill, type RunDrillOptions } from '../../src/drills/run-drill.ts'
import { startWorker } from '../../src/drills/stage.ts'
import { answersOf, go, readyWorker } from '../../src/drills/workers.ts'
import { isAlive } from '../support/processes.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function hold(
  run: Drill['run'],
  more: Partial<Drill & RunDrillOptions> = {},
): Promise<{ readonly result: DrillResult; readonly folder: string }> {
  const { mustReach = ['I1', 'L1'], ...options } = more
  const place = await throwawayPlaces().make('sqlite')
  onTestFinished(() => place.close())
  const folder = temporaryDirectory()
  const drill: Drill = { id: 'made-up', fault: 'none', stores: ['sqlite'], mustReach, run }
  return { result: await runDrill(drill, { place, folder, seed: 5, ...options }), folder }
}

/** One call, nothing wrong with it. */
async function oneCall(context: DrillContext): Promise<Findings> {
  const stage = await context.stage()
  const worker = await readyWorker(stage, { name: 'only', workload: 'blind', keys: ['k'] })
  go(worker)
  const answers = await answersOf(worker, 1)
  const affair = { workload: 'blind', keys: ['k'], fault: 'none', mayDoubt: 'never', answers } as const
  return { stage, histories: await aftermath(stage, affair), faults: 1 }
}

describe('a drill', () => {
  it('holds when all that it must reach was reached', async () => {
    const { result, folder } = await hold(oneCall)
    expect(result).toMatchObject({
      held: true,
      invariants: { I1: 'held', L1: 'held' },
      acknowledged: 1,
      effects: 1,
      duplicated: 0,
      lost: 0,
      inDoubt: 0,
    })
    expect(readdirSync(folder).toSorted()).toEqual([
      'events.jsonl',
      'ledger.jsonl',
      'peer.jsonl',
      'processes.jsonl',
    ])
  })

  it.each(['I5', 'S1'] as const)('does not hold where %s was not reached', async (check) => {
    const { result } = await hold(oneCall, { mustReach: ['I1', check] })
    expect(result).toMatchObject({ held: false, invariants: { I1: 'held', [check]: 'not-reached' } })
  })

  it('does not hold where no fault was injected', async () => {
    const { result } = await hold(async (context) => ({ ...(await oneCall(context)), faults: 0 }))
    expect(result).toMatchObject({ held: false, invariants: { I1: 'not-reached', L1: 'not-reached' } })
  })

  it('does not hold where something else is broken, and says what', async () => {
    const { result } = await hold(async (context) => ({
      ...(await oneCall(context)),
      broken: [{ check: 'I4', key: 'k', what: 'it went backwards' }],
    }))
    expect(result).toMatchObject({ held: false, invariants: { I1: 'held', I4: 'broken' } })
    expect(result.violations).toEqual([{ check: 'I4', key: 'k', what: 'it went backwards' }])
  })

  it('draws the same from the same seed, whatever else is drawn', async () => {
    const drawn: number[] = []
    const draw = async (context: DrillContext): Promise<Findings> => {
      drawn.push(context.random(), context.random())
      return oneCall(context)
    }
    await hold(draw)
    await hold(draw)
    await hold(draw, { seed: 6 })
    expect(drawn.slice(0, 2)).toEqual(drawn.slice(2, 4))
    expect(drawn.slice(0, 2)).not.toEqual(drawn.slice(4))
  })

  it('writes its plan before anything else', async () => {
    const { folder } = await hold(async (context) => {
      context.plan({ crashes: [1, 2] })
      return oneCall(context)
    })
    const plan: unknown = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))
    expect(plan).toEqual({ drill: 'made-up', seed: 5, crashes: [1, 2] })
  })

  it('that breaks down ends what it has started, the last first', async () => {
    const pids: number[] = []
    const ended: string[] = []
    const failing = hold(async (context) => {
      context.onEnd(() => void ended.push('first'))
      const stage = await context.stage()
      context.onEnd(() => void ended.push('last'))
      const worker = await readyWorker(stage, { name: 'stopped', workload: 'blind', keys: ['k'] })
      worker.signal('SIGSTOP')
      pids.push(worker.pid)
      throw new Error('broke down')
    })
    await expect(failing).rejects.toThrow('broke down')
    expect(ended).toEqual(['last', 'first'])
    expect(pids.map(isAlive)).toEqual([false])
  })

  it('that is aborted ends what it has started, and starts nothing more', async () => {
    const controller = new AbortController()
    const pids: number[] = []
    const late = Promise.withResolvers<unknown>()
    const aborted = hold(
      async (context) => {
        const stage = await context.stage()
        const worker = await readyWorker(stage, { name: 'first', workload: 'blind', keys: ['k'] })
        pids.push(worker.pid)
        controller.abort(new Error('enough'))
        await worker.ended
        late.resolve(
          Promise.resolve()
            .then(() => startWorker(stage, { name: 'second', workload: 'blind', keys: ['k'] }))
            .catch((error: unknown) => error),
        )
        throw new Error('its process is gone')
      },
      { signal: controller.signal },
    )
    await expect(aborted).rejects.toThrow('enough')
    expect(pids.map(isAlive)).toEqual([false])
    expect(String(await late.promise)).toContain('does not start any more')
  })
})
