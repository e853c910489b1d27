// Makes node_modules match package-lock.json, and finds the Node to run with. Plain JavaScript for Node >= 18:
// it runs before anything is installed, on whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The oldest Node the product runs on (`node:sqlite` without a flag). */
const oldestNode = [22, 13]
/** A lock whose holder has not touched it for so long is abandoned. The holder touches it every `lockTouchMs`. */
const lockStaleMs = 30_000
const lockTouchMs = 2_000

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const marker = join(modules, '.onceward-install.json')
const lockDir = join(root, '.install-lock')
const windows = process.platform === 'win32'
const bundledNode = windows ? join(modules, 'node', 'bin', 'node.exe') : join(modules, 'node', 'bin', 'node')

/** Installs when node_modules does not match the lock file. Everything it prints goes to standard error. */
export async function ensureInstalled() {
  if (isInstalled()) return
  const release = await takeLock()
  try {
    if (isInstalled()) return
    process.stderr.write('onceward: installing what package-lock.json names (once)\n')
    await npmCi()
    if (!existsSync(modules)) throw new Error('npm ci left no node_modules behind')
    writeMarker()
  } finally {
    release()
  }
}

/** The Node to run the product with: the repository's own, else this one when it is new enough. */
export function findNode() {
  if (isRunnable(bundledNode)) return bundledNode
  if (isNewEnough(process.versions.node)) return process.execPath
  throw new Error(
    `Node >= ${oldestNode.join('.')} is needed, this is ${process.versions.node}, and the repository's own (${bundledNode}) does not run`,
  )
}

/** The environment of whatever runs inside the checkout: the tools of node_modules first, as npm itself does it. */
export function childEnvironment() {
  const tools = join(modules, '.bin')
  const others = pathEntries().filter((entry) => entry !== tools)
  return { ...process.env, PATH: [tools, ...others].join(delimiter) }
}

function isInstalled() {
  const lockHash = hashOf(join(root, 'package-lock.json'))
  const found = readJson(marker)
  if (found !== undefined && found.lockHash === lockHash && found.platform === platform() && hasNode())
    return true
  if (!matchesHiddenLock() || !hasNode()) return false
  writeMarker()
  return true
}

function writeMarker() {
  const text = JSON.stringify({ lockHash: hashOf(join(root, 'package-lock.json')), platform: platform() })
  writeFileSync(marker, `${text}\n`)
}

/** Someone ran npm by hand: npm's own record of node_modules tells whether that left what the lock file names. */
function matchesHiddenLock() {
  const wanted = readJson(join(root, 'package-lock.json'))
  const present = readJson(join(modules, '.package-lock.json'))
  if (wanted === undefined || present === undefined) return false
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (path === '') continue
    const found = present.packages[path]
    if (found === undefined && entry.optional === true) continue
    if (found === undefined || found.version !== entry.version) return false
  }
  return true
}

function hasNode() {
  return existsSync(bundledNode) || isNewEnough(process.versions.node)
}

/** npm must not run on the Node that it is about to delete, so it gets the Node that npm itself was started with. */
function npmCi() {
  const { npm_execpath: npmScript, npm_node_execpath: npmNode } = process.env
  const outside = pathEntries().filter((entry) => !entry.startsWith(modules))
  const env = { ...process.env, PATH: outside.join(delimiter) }
  const args = ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  const known =
    npmScript !== undefined &&
    npmNode !== undefined &&
    npmScript.endsWith('.js') &&
    !npmNode.startsWith(modules)
  const [command, commandArgs] = known ? [npmNode, [npmScript, ...args]] : [windows ? 'npm.cmd' : 'npm', args]
  return new Promise((resolve, reject) => {
    // `npm start -- --json` hands its options down as npm_config_*; they are meant for the program, not for this npm.
    for (const name of [
      'npm_config_json',
      'npm_config_silent',
      'npm_config_loglevel',
      'npm_config_ignore_scripts',
    ])
      delete env[name]
    const child = spawn(command, commandArgs, {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
      shell: windows && !known,
    })
    const stop = (signal) => child.kill(signal)
    process.on('SIGINT', stop).on('SIGTERM', stop)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      if (code === 0) resolve()
      else reject(new Error(`npm ci ended with ${signal ?? `exit code ${code}`}`))
    })
  })
}

/** Two at once (say `npm start` beside `npm test`) must not both run `npm ci`: the second waits for the first. */
async function takeLock() {
  let told = false
  for (;;) {
    try {
      mkdirSync(lockDir)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isLockAbandoned()) {
      removeAbandonedLock()
      continue
    }
    if (!told) process.stderr.write('onceward: waiting for another installation in this checkout\n')
    told = true
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  writeFileSync(join(lockDir, 'owner.json'), JSON.stringify({ pid: process.pid, host: hostname() }))
  const touch = setInterval(() => touchLock(), lockTouchMs)
  return () => {
    clearInterval(touch)
    rmSync(lockDir, { recursive: true, force: true })
  }
}

function touchLock() {
  try {
    utimesSync(lockDir, new Date(), new Date())
  } catch {
    // Taken away by hand: the installation goes on, only unguarded.
  }
}

function isLockAbandoned() {
  const touchedMs = statSync(lockDir, { throwIfNoEntry: false })?.mtimeMs
  if (touchedMs === undefined) return false
  if (Date.now() - touchedMs > lockStaleMs) return true
  const owner = readJson(join(lockDir, 'owner.json'))
  return owner !== undefined && owner.host === hostname() && !isAlive(owner.pid)
}

/** Renamed first, so that of several who found it abandoned one removes it, and a lock taken since is put back. */
function removeAbandonedLock() {
  const aside = `${lockDir}.${process.pid}.${Date.now()}`
  try {
    renameSync(lockDir, aside)
    const owner = readJson(join(aside, 'owner.json'))
    if (owner !== undefined && owner.host === hostname() && isAlive(owner.pid)) renameSync(aside, lockDir)
  } catch {
    // Another one was faster.
  }
  rmSync(aside, { recursive: true, force: true })
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function isRunnable(path) {
  if (!existsSync(path)) return false
  if (process.execPath === path) return true
  return spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
}

function pathEntries() {
  return (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== '')
}

function platform() {
  return `${process.platform}-${process.arch}`
}

function hashOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
