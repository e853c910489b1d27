import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { median } from '../load.ts'
import { temporaryHome } from '../machine.ts'
import { buildDir, loadEmbeddedPostgres, type ProductForm, rootDir } from '../product.ts'
import { count, say } from '../progress.ts'
import { fillPostgres, fillSqlite } from './many-entries.ts'
import type { ServerResult, ServerRow } from './result.ts'

interface Options {
  readonly form: ProductForm
  readonly rounds: number
  readonly rows: number
}

const listeners = 50
const talkers = 5
const eventsOfEach = 200
const asked = 40

/** The control room: effects through it, questions with very many entries, its live feed. */
export async function runServerBench(options: Options): Promise<ServerResult> {
  const home = temporaryHome()
  const bench = new Bench(options.form)
  try {
    const found = [
      ...(await effects(bench, home, options)),
      ...(await feed(bench, home, options)),
      ...(await manyEntries(bench, home, options)),
    ]
    return { startedAt: new Date().toISOString(), rows: options.rows, node: process.versions.node, found }
  } finally {
    bench.endAll()
    rmSync(home, { recursive: true, force: true })
  }
}

/** The processes of a run. */
class Bench {
  readonly form: ProductForm
  readonly #children = new Set<ChildProcess>()

  constructor(form: ProductForm) {
    this.form = form
  }

  /** Starts one and gives the address that it says. */
  async start(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    const child = spawn(process.execPath, [...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    })
    this.#children.add(child)
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [found] = /http:\/\/[^"]+/.exec(line) ?? []
        if (found !== undefined) resolve(found)
      })
      child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)))
    })
    return { child, url }
  }

  spawn(name: string, args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [script(name), ...args], { stdio: 'ignore' })
    this.#children.add(child)
    return child
  }

  /** The server as users start it, without a line of log for each event. */
  serve(storeUrl: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    const bin = this.form === 'build' ? join(buildDir, 'cli/bin.js') : join(rootDir, 'src/cli/main.ts')
    const args = [bin, 'serve', '--store', storeUrl, '--listen', '127.0.0.1:0', '--json']
    return this.start(args, { ONCEWARD_LOG_LEVEL: 'silent' })
  }

  async end(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }

  endAll(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }
}

function script(name: string): string {
  return join(rootDir, 'bench/src/control-room', `${name}.ts`)
}

/** Beside this process, which may be listening meanwhile. */
async function load(kind: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [script('load-process'), kind, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [status] = (await once(child, 'close')) as [number]
  if (status !== 0) throw new Error(`${kind} ended with ${status}`)
  return (JSON.parse(said) as { opsPerSecond: number }).opsPerSecond
}

async function effects(bench: Bench, home: string, { form, rounds }: Options): Promise<readonly ServerRow[]> {
  const { child, url: target } = await bench.start([script('target-process')])
  const byLibrary: number[] = []
  const byServer: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    byLibrary.push(await load('library', [form, `${home}/library-${round}.db`, '', target]))
    const server = await bench.serve(`sqlite:${home}/server-${round}.db`)
    byServer.push(await load('server', [form, '', server.url, target]))
    await bench.end(server.child)
    say(
      `round ${round + 1}: library ${Math.round(byLibrary[round] ?? 0)}/s, server ${Math.round(byServer[round] ?? 0)}/s`,
    )
  }
  child.kill()
  const [library, server] = [median(byLibrary), median(byServer)]
  return [
    { what: 'HTTP effects at 64, SQLite: the library', value: library, unit: 'effects/s' },
    { what: 'HTTP effects at 64, SQLite: `POST /v1/effects`', value: server, unit: 'effects/s' },
    { what: 'the latter by the former', value: server / library, unit: '×', atLeast: 0.5 },
  ]
}

/** Claims of a busy service while nobody and while fifty listen to the same events of others. */
async function feed(bench: Bench, home: string, { form, rounds }: Options): Promise<readonly ServerRow[]> {
  const quiet: number[] = []
  const heard: number[] = []
  let events = 0
  for (let round = 0; round < rounds; round += 1) {
    const path = `${home}/feed-${round}.db`
    const server = await bench.serve(`sqlite:${path}`)
    const team = Array.from({ length: talkers }, () =>
      bench.spawn('talker-process', [form, path, String(eventsOfEach)]),
    )
    await new Promise((resolve) => setTimeout(resolve, 3000))
    quiet.push(await load('claims', [form, path]))
    const ears = await Promise.all(Array.from({ length: listeners }, () => listen(`${server.url}/v1/live`)))
    const startMs = performance.now()
    const before = ears.reduce((sum, { heard: some }) => sum + some(), 0)
    heard.push(await load('claims', [form, path]))
    const after = ears.reduce((sum, { heard: some }) => sum + some(), 0)
    events = ((after - before) / listeners / (performance.now() - startMs)) * 1000
    for (const { stop } of ears) stop()
    for (const talker of team) talker.kill('SIGKILL')
    await bench.end(server.child)
    say(
      `round ${round + 1}: ${Math.round(quiet[round] ?? 0)}/s alone, ${Math.round(heard[round] ?? 0)}/s with ${listeners} listeners, ${Math.round(events)} events/s to each`,
    )
  }
  return [
    { what: `events that each of ${listeners} listeners got`, value: events, unit: 'events/s' },
    { what: 'claims at 64 on the same SQLite, nobody listening', value: median(quiet), unit: 'claims/s' },
    { what: 'claims at 64, with the listeners', value: median(heard), unit: 'claims/s' },
    { what: 'the latter by the former', value: median(heard) / median(quiet), unit: '×', atLeast: 0.95 },
  ]
}

async function listen(url: string): Promise<{ readonly heard: () => number; readonly stop: () => void }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, resolve).on('error', reject)
  })
  let heard = 0
  response.on('data', (chunk: Buffer) => {
    let at = chunk.indexOf('event: ledger')
    while (at !== -1) {
      heard += 1
      at = chunk.indexOf('event: ledger', at + 10)
    }
  })
  response.on('error', () => undefined)
  return { heard: () => heard, stop: () => response.destroy() }
}

async function manyEntries(
  bench: Bench,
  home: string,
  { form, rows }: Options,
): Promise<readonly ServerRow[]> {
  const found: ServerRow[] = []
  say(`filling SQLite with ${count(rows)} entries`)
  const path = `${home}/many.db`
  await fillSqlite(form, path, rows)
  found.push(...(await questions(bench, { store: 'SQLite', url: `sqlite:${path}`, rows })))
  rmSync(path)
  say(`filling PostgreSQL with ${count(rows)} entries`)
  const { startEmbeddedPostgres } = await loadEmbeddedPostgres(form)
  const server = await startEmbeddedPostgres({ fsync: false })
  try {
    await fillPostgres(form, server.url, rows)
    found.push(...(await questions(bench, { store: 'PostgreSQL', url: server.url, rows })))
  } finally {
    await server.stop()
  }
  return found
}

interface Asking {
  readonly store: string
  readonly url: string
  readonly rows: number
}

async function questions(bench: Bench, { store, url, rows }: Asking): Promise<readonly ServerRow[]> {
  const server = await bench.serve(url)
  // The indexes in the order of time are made on a first start; what is measured is the time after it.
  const paths = {
    overview: () => '/v1/statistics',
    'search by subject': (n: number) => `/v1/entries?subject=order:${1 + ((n * 7919) % rows)}`,
    'newest entries': () => '/v1/entries?limit=100',
  }
  const found: ServerRow[] = []
  const startMs = performance.now()
  while (!(await fetch(`${server.url}/v1/entries?limit=100`)).ok)
    await new Promise((resolve) => setTimeout(resolve, 500))
  say(`${store}: its indexes are there after ${Math.round((performance.now() - startMs) / 1000)} s`)
  for (const [what, path] of Object.entries(paths)) {
    const times: number[] = []
    for (let n = 0; n < asked; n += 1) {
      const askedMs = performance.now()
      const answer = await fetch(`${server.url}${path(n)}`)
      await answer.text()
      if (!answer.ok) throw new Error(`${path(n)} was answered ${answer.status}`)
      times.push(performance.now() - askedMs)
    }
    const worst = times.toSorted((a, b) => a - b)[Math.floor(asked * 0.95)] ?? 0
    say(`${store}: ${what} p50 ${median(times).toFixed(1)} ms, p95 ${worst.toFixed(1)} ms`)
    found.push({
      what: `${store}, ${count(rows)} entries: ${what}, p95`,
      value: worst,
      unit: 'ms',
      atMost: 50,
    })
  }
  await bench.end(server.child)
  return found
}
