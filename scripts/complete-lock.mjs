// node scripts/complete-lock.mjs [--check] [DIRECTORY]: adds to package-lock.json the entries of platform packages (say
// @esbuild/darwin-arm64) that npm left out because the registry it asked does not carry them. Without an entry
// `npm ci` calls the lock file out of date, on every platform. Run it after changing dependencies.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './install.mjs'

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

const directory = process.argv.slice(2).find((argument) => argument !== '--check') ?? '.'
const path = join(root, directory, 'package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8'))
const missing = missingEntries(lock.packages)

if (process.argv.includes('--check')) {
  for (const [name] of missing) console.error(`package-lock.json has no entry for ${name}`)
  process.exit(missing.length === 0 ? 0 : 1)
}
for (const [place, entry] of missing) lock.packages[place] = entry
const { '': project, ...others } = lock.packages
const sorted = Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = { '': project, ...Object.fromEntries(sorted) }
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.error(`added ${missing.length} entries to package-lock.json`)

function missingEntries(packages) {
  const found = new Map()
  for (const [place, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isPresent(packages, place, name)) continue
      found.set(`node_modules/${name}`, platformEntry(name, version, entry))
    }
  }
  return [...found]
}

/** As Node resolves it: in the package's own node_modules, or in one further up. */
function isPresent(packages, place, name) {
  const parts = place.split('/node_modules/')
  for (let depth = parts.length; depth > 0; depth--) {
    if (`${parts.slice(0, depth).join('/node_modules/')}/node_modules/${name}` in packages) return true
  }
  return `node_modules/${name}` in packages
}

function platformEntry(name, version, parent) {
  if (!/^\d+\.\d+\.\d+[\w.-]*$/.test(version))
    throw new Error(`${name}@${version} is not pinned by its parent`)
  const tokens = name
    .slice(name.lastIndexOf('/') + 1)
    .replace(/^cli-|^binding-/, '')
    .split('-')
  const os = systems.filter((system) => tokens.includes(system))
  const cpu = processors.filter((processor) => tokens.includes(processor))
  if (os.length + cpu.length === 0) throw new Error(`cannot read a platform off the name ${name}`)
  const libc = tokens.some((token) => token.startsWith('musl'))
    ? ['musl']
    : tokens.some((token) => token.startsWith('gnu'))
      ? ['glibc']
      : []
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(parent.dev === true ? { dev: true } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  }
}
