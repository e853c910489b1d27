import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildDir, type ProductForm, rootDir } from '../product.ts'

/** A process that answers HTTP. */
export interface Running {
  readonly url: string
  /** Processor time it has taken so far, in microseconds; `undefined` where the system does not say. */
  processorUs(): number | undefined
  end(): Promise<void>
}

export const proxies = ['bare', 'gateway-memory', 'gateway-sqlite'] as const
export type ProxyName = (typeof proxies)[number]

export const proxyTitles: Readonly<Record<ProxyName, string>> = {
  bare: 'bare proxy (`node:http` and undici)',
  'gateway-memory': '**Onceward gateway**, memory',
  'gateway-sqlite': '**Onceward gateway**, SQLite',
}

const here = join(rootDir, 'bench/src/gateway')

export function startUpstream(): Promise<Running> {
  return start([join(here, 'upstream-process.ts')])
}

export function startProxy(
  name: ProxyName,
  { upstream, home, form }: { readonly upstream: string; readonly home: string; readonly form: ProductForm },
): Promise<Running> {
  if (name === 'bare') return start([join(here, 'bare-process.ts'), upstream])
  const main = form === 'build' ? join(buildDir, 'cli/bin.js') : join(rootDir, 'src/cli/main.ts')
  const store = name === 'gateway-memory' ? 'memory:' : `sqlite:${join(home, `${Date.now()}.db`)}`
  return start([
    main,
    'gateway',
    '--json',
    '--listen',
    '127.0.0.1:0',
    '--upstream',
    upstream,
    '--store',
    store,
  ])
}

async function start(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
  return { url: await addressOf(child, args), processorUs: () => processorUs(child), end: () => end(child) }
}

async function addressOf(child: ChildProcess, args: readonly string[]): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? []
    if (url !== undefined) return url
  }
  throw new Error(`${args.join(' ')} ended without an address`)
}

function processorUs({ pid }: ChildProcess): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    // Clock ticks of 10 ms, of the process itself: user and system.
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  } catch {
    return undefined
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'close')
  child.kill('SIGKILL')
  await ended
}
