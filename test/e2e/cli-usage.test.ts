import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import type { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cliReference, referencePath } from '../../scripts/cli-reference.ts'
import { exitCodeOf, exitCodeOfCode } from '../../src/cli/exit.ts'
import { failureOf } from '../../src/cli/main.ts'
import { createProgram } from '../../src/cli/program.ts'
import { parseDuration, parseKey } from '../../src/cli/values.ts'
import { errorCodes } from '../../src/kernel/error-codes.ts'
import { OncewardError } from '../../src/kernel/errors.ts'
import { redactUrl } from '../../src/kernel/redact.ts'
import { openStoreFromUrl, sqlitePathOf } from '../../src/stores/open.ts'
import { CliBench, json } from './cli-bench.ts'

let bench: CliBench
beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

/** What one line of arguments comes to, without a process of its own. */
async function parse(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' }
  const program = createProgram()
  for (const command of everyCommand(program)) {
    command.configureOutput({
      writeOut: (text) => void (written.out += text),
      writeErr: (text) => void (written.err += text),
    })
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return { code: 0, ...written }
  } catch (error) {
    const { exitCode, message } = failureOf(error)
    return { code: exitCode, out: written.out, err: `${written.err}${message}` }
  }
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()]
}

const paths = everyCommand(createProgram()).map((command) => pathOf(command))

describe('every command', () => {
  test.each(paths.map((path) => [['onceward', ...path].join(' '), path] as const))(
    '%s has --help and --version',
    async (name, path) => {
      const help = await parse([...path, '--help'])
      expect(help.code).toBe(0)
      expect(help.out).toContain(`Usage: ${name} `)
      const version = await parse([...path, '--version'])
      expect(version.code).toBe(0)
      expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/)
    },
  )

  test('help goes to standard output when asked for, mistakes go to standard error', async () => {
    expect((await bench.run(['--help'])).stdout.toString()).toMatch(/^Usage: onceward/)
    const none = await bench.run([])
    expect(none).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(none.stderr.toString()).toMatch(/^Usage: onceward/)
    const wrong = await bench.run(['lss'])
    expect(wrong).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(wrong.stderr.toString()).toBe("onceward: unknown command 'lss'\n(Did you mean ls?)\n")
  })

  test.each([
    [['lss'], 'lss', 'Did you mean ls?'],
    [['ls', '--jsno'], '--jsno', 'Did you mean --json?'],
    [['doubt', 'lst'], 'lst', 'Did you mean list?'],
    [['ls', 'extra'], 'extra', ''],
    [['ls', '--limit', '0'], '"0"', 'from 1 to 500'],
    [['ls', '--state', 'done'], '"done"', 'succeeded'],
    [['ls', '--store', 'mysql://u:secret@host/db'], 'mysql:', 'sqlite:'],
    [['ls', '--store', 'redis://host'], 'redis:', 'later'],
    [['ls', '--store', 'sqlite:'], '"sqlite:"', 'path'],
    [['run', '--operation', 'o', '--key', 'k'], 'command', ''],
    [['run', '--key', 'k', '--', 'true'], '--operation', ''],
    [['run', '--operation', 'o', '--', 'true'], '--key', ''],
    [['run', '--operation', 'o', '--key', 'k', '--lease', '10', '--', 'true'], '"10"', '30s'],
    [
      ['run', '--store', 'memory:', '--operation', 'o', '--key', 'k', '--lease', '1ms', '--', 'true'],
      '1',
      '100',
    ],
    [['run', '--operation', 'o', '--key', 'k', '--wait', '90d', '--', 'true'], '"90d"', '24d'],
    [
      ['run', '--operation', 'o', '--key', 'k', '--safety', 'verifiable', '--', 'true'],
      'verifiable',
      'keyed',
    ],
    [['run', '--operation', 'o', '--key', 'k', '--key-lifetime', '1h', '--', 'true'], '"1h"', 'keyed'],
    [['run', '--operation', 'o', '--key', 'k', '--retry', 'always', '--', 'true'], 'always', 'on-failure'],
    [['run', '--operation', 'o', '--key', 'k', '--input', '{', '--', 'true'], '"{"', 'JSON'],
    [['run', '--operation', 'o', '--key', '["a"', '--', 'true'], '[\\"a\\"', 'parts'],
    [['run', '--store', 'memory:', '--operation', 'o', '--key', '', '--', 'true'], '""', 'key'],
    [['run', '--operation', 'o', '--key', 'k', '--max-output', 'all', '--', 'true'], '"all"', ''],
    [['doubt', 'resolve', 'x', '--by', 'a', '--because', 'b'], 'neither', '--happened'],
    [['doubt', 'resolve', 'x', '--happened', '--did-not-happen', '--by', 'a', '--because', 'b'], 'both', ''],
    [['doubt', 'resolve', 'x', '--happened'], '--by', ''],
    [
      ['doubt', 'resolve', 'x', '--did-not-happen', '--value', '1', '--by', 'a', '--because', 'b'],
      '"1"',
      '--happened',
    ],
    [['demo', '--seed', 'x'], '"x"', ''],
    [['demo', '--scope', 'x'], '--scope', ''],
  ])('%j ends with 2 and names what is wrong', async (args, named, hint) => {
    const result = await parse(args)
    expect(result.err).toContain(named)
    expect(result.err).toContain(hint)
    expect(result.err).not.toContain('secret')
    expect(result.code).toBe(2)
  })

  test('with --json a failure is one JSON document too', async () => {
    const usage = await bench.run(['ls', '--json', '--limti', '3'])
    expect(json(usage)).toMatchObject({ error: { code: 'OPTION_INVALID' } })
    const absent = await bench.run(['ls', '--json'])
    expect(json(absent)).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' } })
  })
})

describe('exit codes', () => {
  test.each(errorCodes)('%s has one', (code) => {
    expect([1, 2, 3, 4]).toContain(exitCodeOfCode(code))
    const explained = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8')
    expect(explained).toContain(`## ${code}\nExit code ${exitCodeOfCode(code)}.\n`)
    expect(exitCodeOf(new OncewardError(code, 'text'))).toBe(exitCodeOfCode(code))
  })

  test('doubt is 3, stores are 4, keys and options are 2, anything else is 1', () => {
    expect(exitCodeOfCode('IN_DOUBT')).toBe(3)
    expect(exitCodeOfCode('STORE_UNAVAILABLE')).toBe(4)
    expect(exitCodeOfCode('STORE_INCOMPATIBLE')).toBe(4)
    expect(exitCodeOfCode('KEY_INVALID')).toBe(2)
    expect(exitCodeOf(new TypeError('other'))).toBe(1)
  })
})

describe('what people type', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
  ])('the duration %s', (text, ms) => expect(parseDuration(text, 'x')).toBe(ms))

  test.each(['', '5', 's', '5 s', '-5s', '5w', '1e3s', '999999999999d'])('%j is no duration', (text) => {
    expect(() => parseDuration(text, '--lease')).toThrow(JSON.stringify(text))
  })

  test('keys', () => {
    expect(parseKey('plain', 'x')).toBe('plain')
    expect(parseKey('{"a":1}', 'x')).toBe('{"a":1}')
    expect(parseKey('["order",1001]', 'x')).toEqual(['order', 1001])
  })

  test('store URLs', async () => {
    expect(sqlitePathOf('sqlite:./a.db')).toBe('./a.db')
    expect(sqlitePathOf('sqlite:/a.db')).toBe('/a.db')
    expect(sqlitePathOf('sqlite:///a.db')).toBe('/a.db')
    expect(redactUrl('postgres://ann:s3/c@ret@host/db?password=x&a=b')).toBe(
      'postgres://ann:***@host/db?password=***&a=b',
    )
    await expect(openStoreFromUrl('nonsense')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(openStoreFromUrl('sqlite::memory:')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect((await openStoreFromUrl('memory:')).name).toBe('memory')
  })
})

describe('the published entry', () => {
  const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
  const pretend = (version: string): string[] => [
    '--import',
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
  ]

  test.each(['20.19.1', '22.12.0', '12.22.12'])(
    'on Node %s it says in one line what it needs, and ends with 2',
    (version) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [...pretend(version), bin, 'ls'], {
        encoding: 'utf8',
      })
      expect(stderr).toBe(`onceward: needs Node 22.13 or newer, this is Node ${version}.\n`)
      expect(stdout).toBe('')
      expect(status).toBe(2)
    },
  )

  test.each(['22.13.0', '23.0.0', process.versions.node])('on Node %s it runs', (version) => {
    const { status, stdout } = spawnSync(process.execPath, [...pretend(version), bin, '--version'], {
      encoding: 'utf8',
    })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(status).toBe(0)
  })

  test('it imports nothing before the check, so that an old Node can read it', () => {
    const text = readFileSync(bin, 'utf8')
    expect(text).not.toMatch(/^import\b/m)
    expect(text).not.toMatch(/\?\.|\?\?|\bawait\b/)
  })
})

test('docs/reference/cli.md is what the commands say (node scripts/cli-reference.ts writes it)', () => {
  expect(readFileSync(referencePath, 'utf8')).toBe(cliReference())
})
