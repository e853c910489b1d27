import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CliBench, json, type RunningCli } from './cli-bench.ts'

let bench: CliBench
beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

const work = ['run', '--operation', 'work', '--key', 'k', '--lease', '600ms']
/** Leaves a line and its process id, and stays until it is killed, or ends at once where `repaired` is there. */
const script =
  'echo "$ONCEWARD_EFFECT_KEY $ONCEWARD_ATTEMPT" >> journal; echo $$ >> pids; test -e repaired && echo done && exit 0; echo ready; exec sleep 60'
const command = ['--', 'sh', '-c', script]

async function killMidRun(args: readonly string[]): Promise<void> {
  const running = bench.start(args)
  await running.printed('ready')
  running.child.kill('SIGKILL')
  // The streams stay open as long as the orphan has them.
  bench.killOrphans('pids')
  await running.ended
}

describe('onceward run, killed', () => {
  test('after a kill -9 the next call is in doubt and runs nothing, until a person decides', async () => {
    await killMidRun([...work, ...command])
    bench.write('repaired', '')
    const next = await bench.run([...work, ...command])
    expect(next.code).toBe(3)
    expect(next.stdout.length).toBe(0)
    expect(next.stderr.toString()).toMatch(/onceward: .*doubt resolve/)
    expect(bench.lines('journal')).toHaveLength(1)
    expect(json(await bench.run([...work, '--json', ...command]))).toMatchObject({
      state: 'in_doubt',
      error: { code: 'IN_DOUBT' },
    })

    const list = await bench.run(['doubt', 'list', '--json'])
    expect(list.code).toBe(1)
    const [doubt] = json(list)['doubts'] as { ref: string; since: string; why: string }[]
    expect(doubt).toMatchObject({ operation: 'work', key: 'k', state: 'in_doubt' })
    expect(doubt?.since).toMatch(/Z$/)
    expect(doubt?.why).not.toBe('')

    const decision = [
      'doubt',
      'resolve',
      doubt?.ref ?? '',
      '--did-not-happen',
      '--by',
      'Ada',
      '--because',
      'the log is empty',
    ]
    expect((await bench.run(decision)).code).toBe(0)
    expect((await bench.run(decision)).code).toBe(1)
    expect((await bench.run(['doubt', 'list'])).code).toBe(0)
    const again = await bench.run([...work, ...command])
    expect(again.code).toBe(0)
    expect(again.stdout.toString()).toBe('done\n')
    expect(bench.lines('journal')).toHaveLength(2)
  })

  test('a doubt that a person ends with "happened" is replayed with the value they gave', async () => {
    await killMidRun([...work, ...command])
    await bench.run([...work, ...command])
    const value = JSON.stringify({ exitCode: 5, stdout: 'by hand\n' })
    const happened = [
      'doubt',
      'resolve',
      'work',
      'k',
      '--happened',
      '--value',
      value,
      '--by',
      'Ada',
      '--because',
      'the log says so',
    ]
    expect(json(await bench.run([...happened, '--json']))).toMatchObject({ state: 'succeeded' })
    const replay = await bench.run([...work, ...command])
    expect(replay.code).toBe(5)
    expect(replay.stdout.toString()).toBe('by hand\n')
  })

  test('with --safety keyed the next call runs again with the same effect key', async () => {
    const keyed = [...work, '--safety', 'keyed', ...command]
    await killMidRun(keyed)
    bench.write('repaired', '')
    const next = await bench.run(keyed)
    expect(next.code).toBe(0)
    expect(next.stdout.toString()).toBe('done\n')
    const runs = bench.lines('journal').map((line) => line.split(' '))
    expect(runs.map(([, attempt]) => attempt)).toEqual(['1', '2'])
    expect(new Set(runs.map(([effectKey]) => effectKey)).size).toBe(1)
  })

  test('a command killed by a signal is in doubt at once', async () => {
    const args = ['run', '--operation', 'work', '--key', 'k', '--', 'sh', '-c', 'echo part; kill -9 $$']
    const first = await bench.run(args)
    expect(first.code).toBe(3)
    expect(first.stdout.toString()).toBe('part\n')
    expect(first.stderr.toString()).toContain('IN_DOUBT')
    expect((await bench.run(args)).code).toBe(3)
  })

  test('a keyed command killed by a signal may be called again', async () => {
    const die = 'echo "$ONCEWARD_EFFECT_KEY" >> journal; test -e repaired || kill -9 $$'
    const args = ['run', '--operation', 'work', '--key', 'k', '--safety', 'keyed', '--', 'sh', '-c', die]
    const first = await bench.run(args)
    expect(first.code).toBe(3)
    expect(first.stderr.toString()).toContain('OUTCOME_UNKNOWN')
    bench.write('repaired', '')
    expect((await bench.run(args)).code).toBe(0)
    expect(new Set(bench.lines('journal')).size).toBe(1)
  })

  test('sweep finds what a dead owner left', async () => {
    await killMidRun([...work, ...command])
    // The lease lapses by the store's clock, which nobody can be told about: look until it has.
    let report: Record<string, unknown> = {}
    for (let tries = 0; tries < 50 && report['doubted'] !== 1; tries++) {
      report = json(await bench.run(['sweep', '--json']))
    }
    expect(report).toMatchObject({ lapsed: 1, doubted: 1 })
    expect(json(await bench.run(['ls', '--state', 'in_doubt', '--json']))['entries']).toHaveLength(1)
  })

  test('one that stood still past its lease settles the doubt it was put in', async () => {
    const slow = ['--', 'sh', '-c', 'echo ready; until test -e go; do sleep 0.02; done; echo done']
    const owner = bench.start([...work, ...slow])
    await owner.printed('ready')
    owner.child.kill('SIGSTOP')
    expect((await bench.run([...work, ...slow])).code).toBe(3)
    owner.child.kill('SIGCONT')
    await owner.printed('the lease was lost', 'stderr')
    bench.write('go', '')
    expect(await owner.ended).toMatchObject({ code: 0 })
    const replay = await bench.run([...work, ...slow])
    expect(replay.code).toBe(0)
    expect(replay.stdout.toString()).toBe('ready\ndone\n')
  })
})

describe('signals', () => {
  const patient =
    'trap "echo got TERM; exit 5" TERM; trap "echo got HUP; exit 6" HUP; trap "echo got INT; exit 7" INT; echo ready; while :; do sleep 0.02; done'
  const start = async (): Promise<RunningCli> => {
    const running = bench.start(['run', '--operation', 'work', '--key', 'k', '--', 'sh', '-c', patient])
    await running.printed('ready')
    return running
  }

  test.each([
    ['SIGTERM', 'got TERM', 5],
    ['SIGHUP', 'got HUP', 6],
    ['SIGINT', 'got INT', 7],
  ] as const)('%s goes to the command, and how it ends is recorded', async (signal, text, code) => {
    const running = await start()
    running.child.kill(signal)
    const result = await running.ended
    expect(result.code).toBe(code)
    expect(result.stdout.toString()).toBe(`ready\n${text}\n`)
    const receipt = json(await bench.run(['show', 'work', 'k', '--json']))
    expect(receipt).toMatchObject({ state: 'failed', value: { exitCode: code } })
  })

  test('a command that dies of the signal is in doubt', async () => {
    const running = bench.start([
      'run',
      '--operation',
      'work',
      '--key',
      'k',
      '--',
      'sh',
      '-c',
      'echo ready; exec sleep 60',
    ])
    await running.printed('ready')
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(3)
  })

  test('one who waits for another run ends at once, and leaves it alone', async () => {
    const owner = await start()
    const waiting = bench.start(['run', '--operation', 'work', '--key', 'k', '--', 'sh', '-c', patient])
    waiting.child.kill('SIGTERM')
    expect((await waiting.ended).signal).toBe('SIGTERM')
    owner.child.kill('SIGTERM')
    expect((await owner.ended).code).toBe(5)
  })
})
