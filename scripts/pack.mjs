// node scripts/pack.mjs DIRECTORY: builds and packs what would be published, all inside DIRECTORY, so that dist/ of
// the checkout stays as it is. Prints the path of the tarball.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from './install.mjs'

const directory = resolve(process.argv[2] ?? '')
if (process.argv[2] === undefined) throw new Error('usage: node scripts/pack.mjs DIRECTORY')
const copy = join(directory, 'package')
mkdirSync(copy, { recursive: true })
for (const name of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE']) {
  if (existsSync(join(root, name))) cpSync(join(root, name), join(copy, name))
}
runOrExit(process.execPath, [join(root, 'scripts', 'build.mjs'), join(copy, 'dist')])
runOrExit('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory])
console.log(
  join(
    directory,
    readdirSync(directory).find((name) => name.endsWith('.tgz')),
  ),
)

function runOrExit(command, args) {
  const shell = process.platform === 'win32' && command === 'npm'
  const { status } = spawnSync(command, args, { cwd: copy, stdio: ['ignore', 2, 2], shell })
  if (status !== 0) process.exit(status ?? 1)
}
