import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CliBench, json } from './cli-bench.ts'

let bench: CliBench
beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

const work = ['run', '--operation', 'work', '--key', 'k']
const sh = (script: string): string[] => ['--', 'sh', '-c', script]

describe('onceward run', () => {
  test('runs a command once and replays both streams and the exit code', async () => {
    const args = [...work, ...sh('echo ran >> journal; printf out; printf err >&2; exit 7')]
    const first = await bench.run(args)
    const second = await bench.run(args)
    expect(bench.lines('journal')).toEqual(['ran'])
    expect(first.code).toBe(7)
    expect(first.stdout.toString()).toBe('out')
    expect(first.stderr.toString()).toBe('err')
    expect(second).toEqual(first)
  })

  test('replays binary output byte for byte', async () => {
    const bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf, 0, 0xff, 0x80]), randomBytes(20_000)])
    bench.write('bytes', bytes)
    const args = [...work, ...sh('cat bytes; cat bytes >&2')]
    const first = await bench.run(args)
    const second = await bench.run(args)
    expect(first.stdout.equals(bytes)).toBe(true)
    expect(second).toEqual(first)
  })

  test('replays text with a byte order mark, control characters and no final newline', async () => {
    const text = Buffer.from('\ufeffa\u0000\u001b[1mb\r\n\t😀')
    bench.write('text', text)
    const args = [...work, ...sh('cat text')]
    await bench.run(args)
    expect((await bench.run(args)).stdout.equals(text)).toBe(true)
  })

  test('passes on all output and keeps the beginning of it', async () => {
    const args = [
      ...work,
      '--max-output',
      '1000',
      ...sh('head -c 300000 /dev/zero | tr "\\0" x; echo end >&2'),
    ]
    const first = await bench.run(args)
    expect(first.stdout.length).toBe(300_000)
    const second = await bench.run(args)
    expect(second.code).toBe(0)
    expect(second.stdout.length).toBeLessThanOrEqual(1000)
    expect(second.stderr.toString()).toMatch(/onceward: \d+ more bytes of output were not kept/)
    const record = json(await bench.run(['show', 'work', 'k', '--json']))['value']
    expect(record).toMatchObject({ truncated: true, stdoutBytes: 300_000, exitCode: 0 })
  })

  test('a failure is replayed; with --retry on-failure it runs again under a new effect key', async () => {
    const script = 'echo "$ONCEWARD_EFFECT_KEY $ONCEWARD_ATTEMPT" >> journal; test -e repaired'
    const args = [...work, '--retry', 'on-failure', ...sh(script)]
    expect((await bench.run(args)).code).toBe(1)
    bench.write('repaired', '')
    expect((await bench.run(args)).code).toBe(0)
    expect((await bench.run(args)).code).toBe(0)
    const runs = bench.lines('journal').map((line) => line.split(' '))
    expect(runs.map(([, attempt]) => attempt)).toEqual(['1', '2'])
    expect(new Set(runs.map(([effectKey]) => effectKey)).size).toBe(2)
  })

  test('of two at once one runs, and both give its output', async () => {
    const args = [...work, ...sh('echo ran >> journal; sleep 0.2; echo result; exit 4')]
    const [left, right] = await Promise.all([bench.run(args), bench.run(args)])
    expect(bench.lines('journal')).toEqual(['ran'])
    expect(left.stdout.toString()).toBe('result\n')
    expect(right).toEqual(left)
  })

  test('with --no-wait a second call ends with IN_PROGRESS', async () => {
    const args = [...work, ...sh('echo ready; until test -e go; do sleep 0.02; done')]
    const first = bench.start(args)
    await first.printed('ready')
    const second = await bench.run([...args.slice(0, 5), '--no-wait', '--json', ...args.slice(5)])
    expect(second.code).toBe(1)
    expect(JSON.stringify(json(second))).toContain('IN_PROGRESS')
    bench.write('go', '')
    expect((await first.ended).code).toBe(0)
  })

  test('another command under the same key is refused; --input decides where it is given', async () => {
    await bench.run([...work, '--', 'echo', 'one'])
    const other = await bench.run([...work, '--', 'echo', 'two'])
    expect(other.code).toBe(2)
    expect(other.stderr.toString()).toContain('KEY_REUSED')
    const held = ['run', '--operation', 'work', '--key', 'k2', '--input', '{"amount":1}']
    await bench.run([...held, '--', 'echo', 'one'])
    expect((await bench.run([...held, '--', 'echo', 'two'])).stdout.toString()).toBe('one\n')
  })

  test('a key of parts is the same on every way', async () => {
    const args = ['run', '--operation', 'work', '--key', '["order",1001]', ...sh('echo ran >> journal')]
    await bench.run(args)
    await bench.run(args.map((arg) => arg.replace('1001', '"1001"')))
    expect(bench.lines('journal')).toEqual(['ran'])
    expect(json(await bench.run(['show', 'work', '["order","1001"]', '--json']))['key']).toEqual([
      'order',
      '1001',
    ])
  })

  test('gives standard input to the command', async () => {
    const running = bench.start([...work, '--', 'cat'])
    running.child.stdin.end('from outside')
    expect((await running.ended).stdout.toString()).toBe('from outside')
  })

  test('with --json standard output is one receipt, and the streams go to standard error', async () => {
    const args = [...work, '--json', ...sh('printf out; printf err >&2; exit 3')]
    const first = await bench.run(args)
    expect(first.code).toBe(3)
    expect(first.stderr.toString()).toContain('out')
    const receipt = json(first)
    expect(receipt).toMatchObject({
      scope: 'default',
      operation: 'work',
      key: 'k',
      state: 'failed',
      replayed: false,
      attempts: 1,
    })
    expect(receipt).toMatchObject({
      value: { exitCode: 3, stdout: 'out', stderr: 'err' },
      error: { code: 'COMMAND_FAILED' },
    })
    expect(receipt['claimedAt']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(json(await bench.run(args))).toMatchObject({ replayed: true, value: { exitCode: 3 } })
  })

  test('a retried failure has its exit code in the receipt too', async () => {
    const result = await bench.run([...work, '--json', '--retry', 'on-failure', ...sh('exit 9')])
    expect(json(result)).toMatchObject({ state: 'released', value: { exitCode: 9 } })
  })

  test('a command that is not there leaves no entry', async () => {
    const result = await bench.run([...work, '--', 'no-such-command-anywhere'])
    expect(result.code).toBe(2)
    expect(result.stderr.toString()).toContain('no-such-command-anywhere')
    expect((await bench.run(['show', 'work', 'k'])).code).toBe(4)
  })

  test('what a command leaves in the background does not hold the call up', async () => {
    const result = await bench.run([...work, ...sh('sleep 60 & echo $! >> pids; echo started')])
    expect(result.code).toBe(0)
    expect(result.stdout.toString()).toBe('started\n')
  })

  test('a reader that goes away stops neither the command nor its record', async () => {
    const running = bench.start([...work, ...sh('echo first; cat; seq 1 3000; echo done >> journal')])
    await running.printed('first')
    running.child.stdout.destroy()
    running.child.stdin.end()
    expect(await running.ended).toMatchObject({ code: 0 })
    expect(bench.lines('journal')).toEqual(['done'])
    const record = json(await bench.run(['show', 'work', 'k', '--json']))['value'] as { stdout: string }
    expect(record.stdout.endsWith('3000\n')).toBe(true)
  })
})
