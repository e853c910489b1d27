import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { startUpstream } from '../gateway/contenders.ts'
import { median, type Measurement, type Window } from '../load.ts'
import { temporaryHome } from '../machine.ts'
import { type ProductForm, rootDir } from '../product.ts'
import { count, say } from '../progress.ts'
import { table } from '../tables.ts'
import { type CallerName, callers, callerTitles } from './contenders.ts'
import { storm, type StormPolicy, stormTitles } from './storm.ts'

interface Measured extends Measurement {
  readonly caller: CallerName
}

const leastShare = 0.85
const mostCalls = 1.3

export interface OutboundBenchOptions {
  readonly form: ProductForm
  readonly isQuick: boolean
  readonly rounds: number
  readonly window: Window
}

/**
 * Callers of one service on the loopback, in turns of seconds, each in a process of its own; and how often a failing peer
 * is called behind five layers of callers. The service shares this machine's processors, so that the processor time of
 * the caller says more than its rate. Not measured: TLS, slow networks, large bodies, streams.
 */
export async function runOutboundBench(options: OutboundBenchOptions): Promise<boolean> {
  const home = temporaryHome()
  const upstream = await startUpstream()
  const measured: Measured[] = []
  try {
    for (let round = 0; round < options.rounds; round += 1)
      for (const caller of callers) {
        const path = join(home, `${caller}-${round}.db`)
        const one = await measure(caller, { ...options, url: upstream.url, path })
        measured.push({ ...one, caller })
        say(`round ${round + 1}: ${caller}: ${count(one.opsPerSecond)} requests a second`)
      }
  } finally {
    await upstream.end()
    rmSync(home, { recursive: true, force: true })
  }
  const isFast = printCallers(measured)
  return (await printStorm(options)) && isFast
}

async function measure(
  caller: CallerName,
  place: OutboundBenchOptions & { readonly url: string; readonly path: string },
): Promise<Measurement> {
  const { url, form, path, window } = place
  const file = join(rootDir, 'bench/src/outbound/caller-process.ts')
  const args = [caller, url, form, path, String(window.warmMs), String(window.measureMs)]
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  await once(child, 'close')
  process.off('exit', kill)
  if (text === '') throw new Error(`${caller} ended without a measurement`)
  return JSON.parse(text) as Measurement
}

function printCallers(measured: readonly Measured[]): boolean {
  const figure = (caller: CallerName, of: (one: Measured) => number | undefined): number =>
    median(
      measured
        .filter((one) => one.caller === caller)
        .map(of)
        .filter((value) => value !== undefined),
    )
  const rate = (caller: CallerName): number => figure(caller, (one) => one.opsPerSecond)
  const rows = callers.map((caller) => [
    callerTitles[caller],
    count(rate(caller)),
    caller === 'undici' ? '' : (rate(caller) / rate('undici')).toFixed(2),
    figure(caller, (one) => one.p50Ms).toFixed(2),
    figure(caller, (one) => one.p99Ms).toFixed(2),
    figure(caller, (one) => one.processorUsPerOp).toFixed(0),
  ])
  const head = [
    'POST, 64 at once',
    'requests/s',
    'of bare undici',
    'p50 ms',
    'p99 ms',
    'µs of processor each',
  ]
  console.log(`\n${table(head, rows)}\n`)
  const share = rate('onceward') / rate('undici')
  const others = Math.max(rate('got'), rate('axios'), rate('fetch'))
  const isMet = share >= leastShare && rate('onceward') > others
  console.log(
    `Target: without a ledger ≥ ${leastShare} of bare undici, and ahead of the others: ${share.toFixed(2)}, ${(rate('onceward') / others).toFixed(2)} times the best of them, ${isMet ? 'met' : 'NOT met'}`,
  )
  return isMet
}

async function printStorm({ form, isQuick }: OutboundBenchOptions): Promise<boolean> {
  const rows: string[][] = []
  let most = 0
  for (const failing of [0.3, 1]) {
    for (const policy of Object.keys(stormTitles) as StormPolicy[]) {
      // Where all fails and nobody holds back, each intent is 243 calls.
      const intents = failing === 1 && policy === 'no-budget' ? 10 : isQuick ? 200 : 1000
      const { callsPerIntent, succeeded } = await storm(policy, { form, intents, failing })
      if (policy === 'budget-and-word') most = Math.max(most, callsPerIntent)
      rows.push([
        `${failing * 100} % fail: ${stormTitles[policy]}`,
        callsPerIntent.toFixed(2),
        `${(succeeded * 100).toFixed(0)} %`,
      ])
    }
  }
  console.log(`\n${table(['five layers of callers', 'calls of the peer per intent', 'succeeded'], rows)}\n`)
  const isMet = most < mostCalls
  console.log(`Target: below ${mostCalls} calls an intent: ${most.toFixed(2)}, ${isMet ? 'met' : 'NOT met'}`)
  return isMet
}
