// node scripts/run.mjs FILE ARGS…: installs what is missing, then runs FILE with the repository's Node and becomes it
// as far as anyone can see: same standard streams, same signals, same exit. Runs on Node >= 18, like install.mjs.
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { childEnvironment, ensureInstalled, findNode, root } from './install.mjs'

const [target, ...args] = process.argv.slice(2)
if (target === undefined) fail('usage: node scripts/run.mjs FILE [ARGS…]')

try {
  await ensureInstalled()
  // The pages are built from their sources, a third of a second, for whoever is about to look at them.
  if (args[0] === 'serve' || args.includes('--serve')) {
    const { buildDashboard } = await import('./dashboard.mjs')
    buildDashboard(join(root, 'dist', 'dashboard'))
  }
  run(findNode())
} catch (error) {
  fail(error.message)
}

function run(node) {
  const child = spawn(node, [resolve(root, target), ...args], { stdio: 'inherit', env: childEnvironment() })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => forward(child, signal))
  if (process.env.npm_lifecycle_event !== undefined) watchParent(child)
  child.once('error', (error) => fail(error.message))
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** Ctrl-C in a terminal reaches the whole process group; forwarding it would make one press look like two. */
function forward(child, signal) {
  if (signal === 'SIGINT' && process.stdin.isTTY) return
  child.kill(signal)
}

/** npm hands a SIGTERM to the shell between it and us, which dies of it and tells nobody. */
function watchParent(child) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, 250)
  timer.unref()
}

function fail(message) {
  process.stderr.write(`onceward: ${message}\n`)
  process.exit(1)
}
