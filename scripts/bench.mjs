// node scripts/bench.mjs ARGS…: bench/ is a package of its own, installed only here; runs its `main` with ARGS.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { childEnvironment, ensureInstalled, root } from './install.mjs'

const directory = join(root, 'bench')
if (!existsSync(join(directory, 'package.json'))) {
  console.error('onceward: there is no bench/package.json')
  process.exit(1)
}
await ensureInstalled(directory)
const { main } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
const args = [join(directory, main), ...process.argv.slice(2)]
const child = spawn(process.execPath, args, { stdio: 'inherit', cwd: root, env: childEnvironment() })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.once('exit', (code) => process.exit(code ?? 1))
