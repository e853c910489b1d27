import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ProxyName } from '../cells.ts'
import { buildDir, type ProductForm, rootDir } from '../product.ts'

/** A process that answers HTTP. */
export interface Running {
  readonly url: string
  /** Processor time it has taken so far, in microseconds; `undefined` where the system does not say. */
  processorUs(): number | undefined
  end(): Promise<void>
}

const here = join(rootDir, 'bench/src/gateway')

export function startUpstream(): Promise<Running> {
  return start([join(here, 'upstream-process.ts')])
}

interface Place {
  readonly upstream: string
  readonly directory: string
  readonly form: ProductForm
}

export function startProxy(name: ProxyName, place: Place): Promise<Running> {
  if (name === 'proxy-bare') return start([join(here, 'bare-process.ts'), place.upstream])
  if (name === 'proxy-nginx') return startNginx(place)
  const { upstream, directory, form } = place
  const main = form === 'build' ? join(buildDir, 'cli/bin.js') : join(rootDir, 'src/cli/main.ts')
  const home = mkdtempSync(join(directory, 'gateway-'))
  const store = name === 'gateway-memory' ? 'memory:' : `sqlite:${join(home, 'onceward.db')}`
  const listen = ['--listen', '127.0.0.1:0']
  return start([main, 'gateway', '--json', ...listen, '--upstream', upstream, '--store', store])
}

export function hasNginx(): boolean {
  return spawnSync('nginx', ['-v']).error === undefined
}

/** As its documentation has a proxy with connections that stay open. */
async function startNginx({ upstream, directory }: Place): Promise<Running> {
  const home = mkdtempSync(join(directory, 'nginx-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${home}/${kind};`,
  )
  const config = `daemon off; master_process off; worker_processes 1; pid ${home}/pid; error_log ${home}/error;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; ${temporary.join(' ')}
  upstream service { server ${new URL(upstream).host}; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`
  writeFileSync(join(home, 'nginx.conf'), config)
  const running = started(
    spawn('nginx', ['-c', join(home, 'nginx.conf'), '-e', join(home, 'error')], { stdio: 'ignore' }),
  )
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 500; tries += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return { ...running, url }
    await pause(10)
  }
  await running.end()
  throw new Error(`nginx does not answer: ${readFileSync(join(home, 'error'), 'utf8')}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function start(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  return { ...started(child), url: await addressOf(child, args) }
}

function started(child: ChildProcess): Omit<Running, 'url'> {
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
  return { processorUs: () => processorUs(child), end: () => end(child) }
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
