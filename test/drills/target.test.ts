import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DrillReport, type DrillTarget, runTargetDrills } from '../../src/drills/index.ts'
import { CliBench, json } from '../e2e/cli-bench.ts'
import { isAlive, until } from '../support/processes.ts'
import { root } from '../support/repo.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { size } from './places.ts'
import { evidenceIn, pidsIn, recounted } from './recounted.ts'

const minute = 60_000
const example = join(root, 'examples', 'drill-target', 'my-drill.ts')
/** The others take longer: `npm run verify` has them all. */
const chosen = size === 'small' ? ['stampede', 'reply-cut', 'payload-swap'] : []
let bench: CliBench

beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

async function drill(
  environment: NodeJS.ProcessEnv = {},
): Promise<DrillReport & { readonly code: number | null }> {
  const done = await bench.run(['drill', ...chosen, '--target', example, '--json'], environment)
  return { code: done.code, ...(json(done) as unknown as DrillReport) }
}

describe('onceward drill --target, with the example', () => {
  it('holds for a service that is guarded', { timeout: 2 * minute }, async () => {
    const report = await drill()
    expect(report.drills.filter(({ held }) => !held)).toEqual([])
    expect(report.drills.length).toBe(chosen.length === 0 ? 7 : chosen.length)
    expect(report.code).toBe(0)
    for (const result of report.drills) {
      expect(result).toMatchObject({ store: 'orders', duplicated: 0, lost: 0, ...recounted(result.evidence) })
    }
  })

  it('finds the same service without its guard', { timeout: 2 * minute }, async () => {
    const report = await drill({ UNGUARDED: 'yes' })
    // What never reached the service is not done twice by the worst of them.
    const expected = report.drills.map(({ id }) => [id, id === 'request-cut'])
    expect(report.drills.map(({ id, held }) => [id, held])).toEqual(expected)
    expect(report.code).toBe(1)
    for (const result of report.drills) expect(result).toMatchObject(recounted(result.evidence))
    const twice = report.drills.filter(({ duplicated }) => duplicated > 0)
    expect(twice.map(({ id }) => id)).toEqual(
      report.drills.map(({ id }) => id).filter((id) => id !== 'request-cut'),
    )
  })

  it('lists the drills that a service is put through', async () => {
    const { stdout } = await bench.run(['drill', '--list', '--target', example, '--json'])
    expect(String(stdout)).toContain('crash-any-moment')
  })

  it('ended by Ctrl-C leaves none of its instances', { timeout: minute }, async () => {
    const running = bench.start(['drill', 'zombie-worker', '--target', example, '--json'])
    let said = ''
    running.child.stderr.on('data', (text: Buffer) => (said += text.toString()))
    await until(() => said.includes('stands still'), 'the drill')
    const evidence = evidenceIn(bench.folder, 'zombie-worker-target')
    expect(pidsIn(evidence)).toHaveLength(2)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(String(stderr)).toContain('all its processes are gone')
    expect(pidsIn(evidence).filter(isAlive)).toEqual([])
  })
})

describe('a target', () => {
  const sound: DrillTarget = {
    start: ({ port }) => ({ command: process.execPath, args: ['-e', `process.title = 'service-${port}'`] }),
    send: () => Promise.resolve('ok'),
    countEffects: () => 1,
  }

  it.each([
    ['no object', undefined, 'target'],
    ['no start', { ...sound, start: undefined }, 'target.start'],
    ['one instance', { ...sound, instances: 1 }, 'target.instances'],
  ])('with %s is refused', async (_what, target, named) => {
    const folder = temporaryDirectory()
    const refused = runTargetDrills(target as DrillTarget, { drills: ['stampede'], folder })
    await expect(refused).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(named),
    })
  })

  it('whose service does not start is not held, and its last words are told', async () => {
    const folder = temporaryDirectory()
    const target: DrillTarget = {
      ...sound,
      start: () => ({
        command: process.execPath,
        args: ['-e', 'console.error("no database"); process.exit(7)'],
      }),
    }
    const { drills } = await runTargetDrills(target, { drills: ['stampede'], folder })
    expect(drills).toMatchObject([{ held: false, error: expect.stringMatching(/exit code 7.*no database/s) }])
  })

  it('whose service is started by a shell is ended whole', { timeout: minute }, async () => {
    const folder = temporaryDirectory()
    const script = `require('net').createServer().listen(process.env.PORT, '127.0.0.1')`
    const target: DrillTarget = {
      ...sound,
      leaseMs: 100,
      start: ({ port }) => ({
        command: '/bin/sh',
        args: ['-c', `"${process.execPath}" -e "${script}" & echo $!; wait`],
        env: { PORT: String(port) },
      }),
    }
    const { drills } = await runTargetDrills(target, { drills: ['stampede'], folder })
    expect(drills).toMatchObject([{ held: true, acknowledged: 1, effects: 1 }])
    // The shell wrote down what it has started.
    const pid = Number(readFileSync(join(String(drills[0]?.evidence), 'service', 'service-0.log'), 'utf8'))
    await until(() => !isAlive(pid), 'the end of the service')
  })
})
