import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { delimiter, join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { root } from '../support/repo.ts'
import { type Finished, run } from '../support/run.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const isWindows = process.platform === 'win32'
let checkout: string

/** A checkout with no packages to install; its npm is a script that writes down that it was called. */
beforeEach((context) => {
  if (isWindows) context.skip('the stand-in for npm is a shell script')
  checkout = temporaryDirectory()
  mkdirSync(join(checkout, 'bin'))
  mkdirSync(join(checkout, 'scripts'))
  for (const name of ['run.mjs', 'install.mjs', 'directory-lock.mjs']) {
    copyFileSync(join(root, 'scripts', name), join(checkout, 'scripts', name))
  }
  writeLock('1.0.0')
  const npm = `#!/bin/sh
echo 'npm says hello'
echo "$@" >> npm-calls
sleep 0.5
rm -rf node_modules && mkdir node_modules\n`
  writeFileSync(join(checkout, 'bin', 'npm'), npm, { mode: 0o755 })
  writeFileSync(join(checkout, 'main.mjs'), 'console.log(JSON.stringify(process.argv.slice(2)))\n')
})

describe('the launcher', () => {
  it('installs once, says so on standard error only, and then runs the program with its arguments', async () => {
    const first = await launch('main.mjs', '--json', 'a b')
    expect(first).toMatchObject({ code: 0, stdout: '["--json","a b"]\n' })
    expect(first.stderr).toContain('npm says hello')
    const second = await launch('main.mjs')
    expect(second).toMatchObject({ code: 0, stdout: '[]\n', stderr: '' })
    expect(npmCalls()).toHaveLength(1)
    expect(npmCalls()[0]).toMatch(/^ci /)
  })

  it('installs again when the lock file has changed', async () => {
    await launch('main.mjs')
    writeLock('2.0.0')
    await launch('main.mjs')
    expect(npmCalls()).toHaveLength(2)
  })

  it('does not install what npm was asked to install by hand', async () => {
    mkdirSync(join(checkout, 'node_modules'))
    cpSync(join(checkout, 'package-lock.json'), join(checkout, 'node_modules', '.package-lock.json'))
    expect(await launch('main.mjs')).toMatchObject({ code: 0, stderr: '' })
    expect(npmCalls()).toEqual([])
  })

  it('installs once when several are started at once', async () => {
    const all = await Promise.all([launch('main.mjs'), launch('main.mjs'), launch('main.mjs')])
    expect(all.map((one) => one.code)).toEqual([0, 0, 0])
    expect(npmCalls()).toHaveLength(1)
    expect(existsSync(join(checkout, '.install-lock'))).toBe(false)
  })

  it('takes over the lock of an installer that was killed', async () => {
    const dead = spawn(process.execPath, ['--eval', ''])
    await once(dead, 'exit')
    mkdirSync(join(checkout, '.install-lock'))
    const owner = JSON.stringify({ pid: dead.pid, host: hostname() })
    writeFileSync(join(checkout, '.install-lock', 'owner.json'), owner)
    expect(await launch('main.mjs')).toMatchObject({ code: 0, stdout: '[]\n' })
  })

  it('ends with 1 and one line of its own when npm fails, and tries again the next time', async () => {
    writeFileSync(join(checkout, 'bin', 'npm'), '#!/bin/sh\nexit 9\n', { mode: 0o755 })
    for (const _ of [1, 2]) {
      const done = await launch('main.mjs')
      expect(done).toMatchObject({ code: 1, stdout: '' })
      expect(done.stderr).toContain('onceward: npm ci ended with exit code 9')
    }
  })

  it('ends as the program ended: with its exit code, or of its signal', async () => {
    writeFileSync(join(checkout, 'five.mjs'), 'process.exit(5)\n')
    writeFileSync(join(checkout, 'killed.mjs'), "process.kill(process.pid, 'SIGKILL')\n")
    expect(await launch('five.mjs')).toMatchObject({ code: 5, signal: null })
    expect(await launch('killed.mjs')).toMatchObject({ code: null, signal: 'SIGKILL' })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'hands %s to the program and lets it end in its own way',
    async (signal) => {
      const program = `process.on('${signal}', () => { console.log('asked to end'); process.exit(7) })
      setTimeout(() => {}, 20_000)
      console.log('ready')\n`
      writeFileSync(join(checkout, 'patient.mjs'), program)
      await launch('main.mjs')
      const launcher = start('patient.mjs')
      onTestFinished(() => void launcher.kill('SIGKILL'))
      let printed = ''
      launcher.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (printed === '') launcher.kill(signal)
        printed += text
      })
      expect(await once(launcher, 'close')).toEqual([7, null])
      expect(printed).toBe('ready\nasked to end\n')
    },
  )

  it('runs the program with the Node of node_modules where there is one', async () => {
    await launch('main.mjs')
    rmSync(join(checkout, 'node_modules'), { recursive: true })
    mkdirSync(join(checkout, 'node_modules', 'node', 'bin'), { recursive: true })
    cpSync(join(checkout, 'package-lock.json'), join(checkout, 'node_modules', '.package-lock.json'))
    symlinkSync(process.execPath, join(checkout, 'node_modules', 'node', 'bin', 'node'))
    writeFileSync(join(checkout, 'which.mjs'), 'console.log(process.argv0)\n')
    const done = await launch('which.mjs')
    expect(done.stdout.trim()).toBe(join(checkout, 'node_modules', 'node', 'bin', 'node'))
  })
})

function launch(...args: string[]): Promise<Finished> {
  return run(process.execPath, ['scripts/run.mjs', ...args], { cwd: checkout, env: environment() })
}

function start(...args: string[]): ReturnType<typeof spawn> & { stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, ['scripts/run.mjs', ...args], {
    cwd: checkout,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return child
}

/** Without what an npm around this test has set: it would be used in place of the stand-in. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_'))
  return { ...Object.fromEntries(kept), PATH: [join(checkout, 'bin'), process.env['PATH']].join(delimiter) }
}

function npmCalls(): string[] {
  const path = join(checkout, 'npm-calls')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}

function writeLock(version: string): void {
  const packages = { '': { name: 'checkout', version }, 'node_modules/thing': { version } }
  writeFileSync(join(checkout, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }))
}
