import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { Pool } from 'undici'
import { measureLoad, median, type Measurement, type Window } from '../load.ts'
import { temporaryHome } from '../machine.ts'
import type { ProductForm } from '../product.ts'
import { count, say } from '../progress.ts'
import { table } from '../tables.ts'
import { proxies, type ProxyName, proxyTitles, startProxy, startUpstream } from './contenders.ts'

const works = ['first', 'replay', 'pass'] as const
type WorkName = (typeof works)[number]

const workTitles: Readonly<Record<WorkName, string>> = {
  first: 'POST, a new key each',
  replay: 'POST, a key that has its answer',
  pass: 'GET',
}

interface Measured extends Measurement {
  readonly proxy: ProxyName
  readonly work: WorkName
  readonly proxyUsPerRequest: number
}

const concurrency = 64
const leastShare = 0.7
const body = JSON.stringify({ amount: 1999, currency: 'eur', order: 'order-1' })

/**
 * The gateway beside a bare proxy, before the same service, in turns of seconds. Load generator, proxy and service share
 * this machine's processors, so that the processor time of the proxy says more than its rate. Not measured: TLS, slow
 * networks, large bodies, PostgreSQL.
 */
export async function runGatewayBench(options: {
  readonly form: ProductForm
  readonly rounds: number
  readonly window: Window
}): Promise<boolean> {
  const home = temporaryHome()
  const upstream = await startUpstream()
  const measured: Measured[] = []
  try {
    for (let round = 0; round < options.rounds; round += 1)
      for (const work of works)
        for (const proxy of proxies) {
          const one = await measure(work, proxy, { ...options, upstream: upstream.url, home })
          measured.push(one)
          say(`round ${round + 1}: ${work}, ${proxy}: ${count(one.opsPerSecond)} requests a second`)
        }
  } finally {
    await upstream.end()
    rmSync(home, { recursive: true, force: true })
  }
  return print(measured)
}

interface Place {
  readonly form: ProductForm
  readonly window: Window
  readonly upstream: string
  readonly home: string
}

async function measure(work: WorkName, proxy: ProxyName, place: Place): Promise<Measured> {
  const running = await startProxy(proxy, place)
  const pool = new Pool(running.url, { connections: concurrency, pipelining: 1 })
  const send = async (n: number): Promise<void> => {
    const answer = await pool.request({
      method: work === 'pass' ? 'GET' : 'POST',
      path: '/orders',
      headers: headersOf(work, n),
      ...(work === 'pass' ? {} : { body }),
    })
    await answer.body.dump()
    if (answer.statusCode !== 201) throw new Error(`${proxy} answered ${answer.statusCode}`)
  }
  try {
    if (work === 'replay') for (let n = 0; n < concurrency; n += 1) await send(n)
    // The counter that is read around the measured time is that of the log elsewhere; here it is the proxy's processor.
    const logBytes = async (): Promise<number> => running.processorUs() ?? Number.NaN
    const taken = await measureLoad({ run: send, logBytes }, concurrency, place.window)
    return { ...taken, proxyUsPerRequest: taken.logBytesPerOp ?? Number.NaN, proxy, work }
  } finally {
    await pool.destroy()
    await running.end()
  }
}

function headersOf(work: WorkName, n: number): Record<string, string> {
  if (work === 'pass') return {}
  const key = work === 'first' ? `key-${n}` : `replay-${n % concurrency}`
  return { 'content-type': 'application/json', 'idempotency-key': key, authorization: 'Bearer of-one-caller' }
}

function print(measured: readonly Measured[]): boolean {
  const figure = (work: WorkName, proxy: ProxyName, of: (one: Measured) => number | undefined): number =>
    median(
      measured
        .filter((one) => one.work === work && one.proxy === proxy)
        .map(of)
        .filter((value) => value !== undefined),
    )
  const rows = works.flatMap((work) =>
    proxies.map((proxy) => {
      const rate = figure(work, proxy, (one) => one.opsPerSecond)
      const ratio = rate / figure(work, 'bare', (one) => one.opsPerSecond)
      return [
        `${workTitles[work]}: ${proxyTitles[proxy]}`,
        count(rate),
        proxy === 'bare' ? '' : ratio.toFixed(2),
        figure(work, proxy, (one) => one.p50Ms).toFixed(2),
        figure(work, proxy, (one) => one.p99Ms).toFixed(2),
        figure(work, proxy, (one) => one.proxyUsPerRequest).toFixed(0),
      ]
    }),
  )
  const head = [
    `${concurrency} at once`,
    'requests/s',
    'of the bare proxy',
    'p50 ms',
    'p99 ms',
    'µs of the proxy each',
  ]
  console.log(`\n${table(head, rows)}\n`)
  console.log(nginxText())
  const share =
    figure('first', 'gateway-memory', (one) => one.opsPerSecond) /
    figure('first', 'bare', (one) => one.opsPerSecond)
  const isMet = share >= leastShare
  console.log(
    `Target: first calls with memory at ≥ ${leastShare} of the bare proxy: ${share.toFixed(2)}, ${isMet ? 'met' : 'NOT met'}`,
  )
  return isMet
}

/** nginx is no npm package: where it is installed, it is still not measured, and that is said. */
function nginxText(): string {
  const { error } = spawnSync('nginx', ['-v'])
  return error === undefined ? 'nginx: installed, not measured' : 'nginx: skipped, it is not installed here'
}
