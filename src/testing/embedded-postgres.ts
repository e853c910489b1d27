import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { optionInvalid } from '../kernel/errors.ts'
import {
  findPostgresBinaries,
  giveTo,
  makeOwnedDir,
  type PostgresBinaries,
  postgresEnvironment,
  type RunAs,
  runProgram,
} from './embedded-postgres-binaries.ts'

export {
  findPostgresBinaries,
  giveTo,
  makeOwnedDir,
  memoryParent,
  type PostgresBinaries,
  type RunAs,
  runProgram,
} from './embedded-postgres-binaries.ts'

export interface EmbeddedPostgresOptions {
  /** Where the data lies. Made when absent, kept by `stop()`. Default: a temporary directory that `stop()` removes. */
  readonly dataDir?: string
  /** Where that temporary directory is made. Default: the system's folder for such. */
  readonly parentDir?: string
  /** Fills the empty temporary directory, instead of `initdb`: the copy of another server's data for a standby. */
  readonly fill?: (dataDir: string, runAs: RunAs) => Promise<void>
  /** Default: a free one. */
  readonly port?: number
  /** False is faster, and survives the death of processes, the server's too, but not of the machine. Default true. */
  readonly fsync?: boolean
  /** Any server settings: `{ max_connections: 200 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** Megabytes per write-ahead segment, a power of two. Default 16; 1 makes a standby's copy small. */
  readonly walSegmentMegabytes?: number
}

/** A running PostgreSQL that belongs to this process: it ends with it, however this process ends. */
export interface EmbeddedPostgres {
  /** With the password, which is random and known to nobody else. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Process id of the postmaster. */
  readonly pid: number
  readonly dataDir: string
  readonly binaries: PostgresBinaries
  /** The last lines that the server logged. */
  log(): string
  /** SIGKILL to all its processes, as a crash would; the data stay, `stop()` still removes what is temporary. */
  kill(): Promise<void>
  /** Ends the server (at once: open connections are cut, the data stay consistent) and removes what is temporary. */
  stop(): Promise<void>
}

const host = '127.0.0.1'
const user = 'postgres'
const startTries = 5
/** Five seconds: a process that was killed is gone long before. */
const heldTries = 50
const heldPauseMs = 100
/** Kept so that a server which does not start can say why. */
const logBytes = 16_384
const startTimeoutMs = 60_000
const stopTimeoutMs = 10_000

/**
 * Starts a PostgreSQL server of this process's own, from the binaries of the optional package `embedded-postgres`:
 * loopback only, no socket file, a random password, its own data directory. Throws `DEPENDENCY_MISSING`.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const settings = settingsOf(options)
  const binaries = findPostgresBinaries()
  const temporary: string[] = binaries.copyDir === undefined ? [] : [binaries.copyDir]
  let guardian: ChildProcess | undefined
  try {
    const home = options.dataDir ?? makeOwnedDir('onceward-pg-', binaries.runAs, options.parentDir)
    if (options.dataDir === undefined) temporary.push(home)
    const dataDir = options.dataDir ?? join(home, 'data')
    // Until the server runs, and has a guardian of its own.
    guardian = startGuardian(undefined, dataDir, temporary)
    const password = await initialise(dataDir, binaries, options)
    const server = await launch({ binaries, dataDir, settings, temporary }, options.port)
    const { port } = server
    return {
      url: `postgres://${user}:${password}@${host}:${port}/postgres`,
      host,
      port,
      user,
      password,
      dataDir,
      binaries,
      pid: server.pid,
      log: server.log,
      kill: server.kill,
      stop: server.stop,
    }
  } catch (error) {
    removeAll(temporary)
    throw error
  } finally {
    guardian?.kill('SIGKILL')
  }
}

function settingsOf(options: EmbeddedPostgresOptions): readonly string[] {
  const given = Object.entries(options.settings ?? {})
  for (const [name, value] of given) {
    if (!/^[a-z_.]+$/i.test(name)) throw optionInvalid('settings', 'names of server settings', name)
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw optionInvalid(`settings.${name}`, 'text, a number or a boolean', value)
  }
  const fsync = options.fsync ?? true
  const settings = {
    listen_addresses: host,
    unix_socket_directories: '',
    // Shared memory as files in the data directory: a killed server then leaves nothing behind in /dev/shm.
    dynamic_shared_memory_type: process.platform === 'win32' ? 'windows' : 'mmap',
    logging_collector: 'off',
    log_destination: 'stderr',
    max_connections: 200,
    fsync: fsync ? 'on' : 'off',
    full_page_writes: fsync ? 'on' : 'off',
    ...Object.fromEntries(given),
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Makes the cluster unless there is one. Gives its password, which lies beside its data, readable by its user only. */
async function initialise(
  dataDir: string,
  binaries: PostgresBinaries,
  options: EmbeddedPostgresOptions,
): Promise<string> {
  const passwordFile = join(dataDir, 'onceward.password')
  if (existsSync(join(dataDir, 'PG_VERSION'))) return readFileSync(passwordFile, 'utf8')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  giveTo(dataDir, binaries.runAs)
  if (options.fill !== undefined) {
    await options.fill(dataDir, binaries.runAs)
    return readFileSync(passwordFile, 'utf8')
  }
  const password = randomBytes(18).toString('base64url')
  const initialFile = `${dataDir}.password`
  writeFileSync(initialFile, password, { mode: 0o600 })
  giveTo(initialFile, binaries.runAs)
  try {
    const segment = options.walSegmentMegabytes ?? 16
    const identity = ['-U', user, '-A', 'scram-sha-256', '--pwfile', initialFile]
    const shape = ['--encoding=UTF8', '--locale=C', '--no-sync', `--wal-segsize=${segment}`]
    await runProgram(binaries.initdb, ['-D', dataDir, ...identity, ...shape], binaries.runAs)
  } finally {
    rmSync(initialFile, { force: true })
  }
  writeFileSync(passwordFile, password, { mode: 0o600 })
  giveTo(passwordFile, binaries.runAs)
  return password
}

interface Launch {
  readonly binaries: PostgresBinaries
  readonly dataDir: string
  readonly settings: readonly string[]
  readonly temporary: readonly string[]
}

type Server = Pick<EmbeddedPostgres, 'port' | 'pid' | 'log' | 'kill' | 'stop'>

async function launch(what: Launch, wantedPort: number | undefined): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    const port = wantedPort ?? (await freePort())
    try {
      return await launchOn(what, port)
    } catch (error) {
      const message = error instanceof Error ? error.message : ''
      // Somebody took the free port between our look and the server's.
      const isTaken = message.includes('Address already in use') && wantedPort === undefined
      // Of a server that was killed the last processes are still dying; nobody tells when they are gone.
      const isHeld = message.includes('pre-existing shared memory block')
      if (isHeld && tries < heldTries) await setTimeoutPromise(heldPauseMs)
      else if (!isTaken || tries >= startTries) throw error
    }
  }
}

async function launchOn({ binaries, dataDir, settings, temporary }: Launch, port: number): Promise<Server> {
  const child = spawn(binaries.postgres, ['-D', dataDir, '-p', String(port), ...settings], {
    ...binaries.runAs,
    cwd: '/',
    // A group of its own: Ctrl-C in the terminal reaches our process, which then stops the server in its own order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: postgresEnvironment(),
  })
  let logged = ''
  child.stderr.on('data', (chunk: Buffer) => {
    logged = (logged + chunk.toString()).slice(-logBytes)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const guardian = child.pid === undefined ? undefined : startGuardian(child.pid, dataDir, temporary)
  const onExit = (): void => void child.kill('SIGQUIT')
  process.once('exit', onExit)
  const stop = async (): Promise<void> => {
    child.ref()
    await endServer(child, ended)
    process.off('exit', onExit)
    removeSegment(dataDir)
    removeAll(temporary)
    guardian?.kill('SIGKILL')
  }
  const kill = async (): Promise<void> => {
    child.ref()
    const backends = childrenOf(child.pid)
    child.kill('SIGKILL')
    // They would end by themselves, but might still answer a client first, or keep the data in use for a while.
    for (const pid of backends) killQuietly(pid)
    await ended
  }
  try {
    await untilReady(child, ended, () => logged)
  } catch (error) {
    await endServer(child, ended)
    process.off('exit', onExit)
    guardian?.kill('SIGKILL')
    throw error
  }
  // The server must not keep this process alive; the guardian ends it when this process is gone.
  child.unref()
  unrefStream(child.stderr)
  return { port, pid: child.pid as number, log: () => logged, kill, stop }
}

async function untilReady(child: ChildProcess, ended: Promise<void>, log: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const ready = new Promise<'ready'>((resolve) => {
    child.stderr?.on('data', () => {
      if (/ready to accept (read.only )?connections/.test(log())) resolve('ready')
    })
  })
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), startTimeoutMs)
  })
  const outcome = await Promise.race([ready, late, ended.then(() => 'ended' as const)])
  clearTimeout(timer)
  if (outcome !== 'ready')
    throw new Error(`PostgreSQL did not start (${outcome}): ${log().trim() || 'no output'}`)
}

async function endServer(child: ChildProcess, ended: Promise<void>): Promise<void> {
  // SIGINT: fast shutdown. Windows knows no signals, and ends it as a crash would.
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}

/**
 * A shell that waits for the end of its standard input, which comes when this process is gone, however it went
 * (SIGKILL included), and then ends the server and removes what is temporary.
 */
function startGuardian(
  pid: number | undefined,
  dataDir: string,
  temporary: readonly string[],
): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined
  const script = `cat >/dev/null
    pid=$1; data=$2; shift 2
    [ -z "$pid" ] || kill -QUIT "$pid" 2>/dev/null
    tries=0
    while [ -f "$data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 50 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
    segment=$(sed -n '7s/.* //p' "$data/postmaster.pid" 2>/dev/null)
    [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null
    [ "$#" -eq 0 ] && exit
    tries=0
    until rm -rf -- "$@" 2>/dev/null || [ "$tries" -ge 50 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done`
  const child = spawn('/bin/sh', ['-c', script, 'sh', String(pid ?? ''), dataDir, ...temporary], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => undefined)
  child.unref()
  unrefStream(child.stdin)
  return child
}

/** The processes of a server are the children of its postmaster. Known on Linux only. */
function childrenOf(pid: number | undefined): readonly number[] {
  const list = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(list)) return []
  return readFileSync(list, 'utf8').split(' ').filter(Boolean).map(Number)
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone by itself.
  }
}

/** A killed server leaves a System V segment of a few bytes behind, named in the file that it could not remove. */
function removeSegment(dataDir: string): void {
  const lockFile = join(dataDir, 'postmaster.pid')
  if (!existsSync(lockFile)) return
  const segment = readFileSync(lockFile, 'utf8').split('\n')[6]?.trim().split(/\s+/)[1]
  if (segment !== undefined) spawnSync('ipcrm', ['-m', segment], { stdio: 'ignore' })
}

/** Pipes of children are sockets, which have `unref`; their declared type does not say so. */
function unrefStream(stream: unknown): void {
  if (
    typeof stream === 'object' &&
    stream !== null &&
    'unref' in stream &&
    typeof stream.unref === 'function'
  )
    stream.unref()
}

function removeAll(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port)
        else reject(new Error('No free port on the loopback address.'))
      })
    })
  })
}
