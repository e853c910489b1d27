// Makes node_modules match package-lock.json, and finds the Node to run with. Plain JavaScript for Node >= 18:
// it runs before anything is installed, on whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { takeDirectoryLock } from './directory-lock.mjs'

/** The oldest Node the product runs on (`node:sqlite` without a flag). */
const oldestNode = [22, 13]

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const rootModules = join(root, 'node_modules')
const windows = process.platform === 'win32'
const bundledNode = join(rootModules, 'node', 'bin', windows ? 'node.exe' : 'node')

/** Installs into `directory` when its node_modules does not match its lock file, printing to standard error alone. */
export async function ensureInstalled(directory = root) {
  if (isInstalled(directory)) return
  const release = await takeDirectoryLock(join(directory, '.install-lock'), () => {
    process.stderr.write('onceward: waiting for another installation in this checkout\n')
  })
  try {
    if (isInstalled(directory)) return
    process.stderr.write('onceward: installing what package-lock.json names (once)\n')
    await npmCi(directory)
    writeMarker(directory)
  } finally {
    release()
  }
}

/** The Node to run the product with: the repository's own, else this one when it is new enough. */
export function findNode() {
  if (isRunnable(bundledNode)) return bundledNode
  if (isNewEnough(process.versions.node)) return process.execPath
  const wanted = `Node >= ${oldestNode.join('.')} is needed, this is ${process.versions.node}`
  throw new Error(`${wanted}, and the repository's own (${bundledNode}) does not run`)
}

/** The environment of whatever runs inside the checkout: the tools of node_modules first, as npm itself does it. */
export function childEnvironment() {
  const tools = join(rootModules, '.bin')
  const others = pathEntries().filter((entry) => entry !== tools)
  return { ...process.env, PATH: [tools, ...others].join(delimiter) }
}

function isInstalled(directory) {
  if (directory === root && !existsSync(bundledNode) && !isNewEnough(process.versions.node)) return false
  const found = readJson(markerFile(directory))
  const wanted = markerFor(directory)
  if (found?.lockHash === wanted.lockHash && found.platform === wanted.platform) return true
  if (!matchesHiddenLock(directory)) return false
  writeMarker(directory)
  return true
}

function writeMarker(directory) {
  writeFileSync(markerFile(directory), `${JSON.stringify(markerFor(directory))}\n`)
}

function markerFor(directory) {
  const lock = readFileSync(join(directory, 'package-lock.json'))
  const lockHash = createHash('sha256').update(lock).digest('hex')
  return { lockHash, platform: `${process.platform}-${process.arch}` }
}

/** Inside node_modules, which `npm ci` deletes first: an installation that was cut off leaves none behind. */
function markerFile(directory) {
  return join(directory, 'node_modules', '.onceward-install.json')
}

/** Someone ran npm by hand: npm's own record of node_modules tells whether that left what the lock file names. */
function matchesHiddenLock(directory) {
  const wanted = readJson(join(directory, 'package-lock.json'))
  const present = readJson(join(directory, 'node_modules', '.package-lock.json'))
  if (wanted === undefined || present === undefined) return false
  return Object.entries(wanted.packages).every(([path, entry]) => {
    const found = present.packages[path]
    return path === '' || found?.version === entry.version || (found === undefined && entry.optional === true)
  })
}

function npmCi(directory) {
  const { command, args, env } = npmCommand()
  const options = ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, ...options], {
      cwd: directory,
      env,
      stdio: ['ignore', 2, 2],
      shell: windows,
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

/** npm must not run on the Node that it is about to delete: preferred is the one that the npm around us runs on. */
function npmCommand() {
  const env = {
    ...process.env,
    PATH: pathEntries()
      .filter((entry) => !isInside(entry))
      .join(delimiter),
  }
  // What `npm start --silent -- …` tells that npm is not meant for this one.
  for (const name of Object.keys(env))
    if (/^npm_config_(json|silent|loglevel|ignore_scripts|prefix)$/i.test(name)) delete env[name]
  const { npm_execpath: script, npm_node_execpath: node } = process.env
  const isKnown = script?.endsWith('.js') === true && node !== undefined && !isInside(node)
  return isKnown && !windows ? { command: node, args: [script], env } : { command: 'npm', args: [], env }
}

function isInside(path) {
  return path.startsWith(rootModules)
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

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
