// node scripts/verify.mjs [NAME…]: every check that is no plain test, one after the other, each with its time. All run,
// whatever fails; the failures are listed at the end. With names only those steps run.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './install.mjs'

const packDir = mkdtempSync(join(tmpdir(), 'onceward-verify-'))
process.on('exit', () => rmSync(packDir, { recursive: true, force: true }))

const steps = [
  { name: 'types', run: () => tool('tsc', '--noEmit') },
  { name: 'types in pages', run: () => tool('tsc', '--noEmit', '--project', 'src/browser') },
  { name: 'types in the dashboard', run: () => tool('tsc', '--noEmit', '--project', 'dashboard') },
  { name: 'lint', run: () => tool('oxlint', '--type-aware', '--deny-warnings') },
  { name: 'format', run: () => tool('biome', 'format') },
  {
    name: 'rooms',
    run: () => tool('depcruise', '--config', '.dependency-cruiser.mjs', 'src', 'test', 'scripts'),
  },
  { name: 'unused', run: () => tool('knip', '--no-config-hints') },
  { name: 'build', run: () => node({}, 'scripts/build.mjs') },
  { name: 'pack', run: () => node({}, 'scripts/pack.mjs', packDir) },
  { name: 'publint', run: () => tool('publint', '--strict', join(packDir, tarball())) },
  {
    name: 'exported types',
    run: () => tool('attw', '--quiet', '--profile', 'esm-only', join(packDir, tarball())),
  },
  { name: 'package', run: () => vitest('small', 'test/package') },
  {
    name: 'long tests',
    run: () =>
      vitest(
        'verify',
        ...existing(
          'test/model',
          'test/crash',
          'test/drills',
          'test/simulation',
          'test/browser',
          'test/dashboard',
          'test/outbound',
          'test/reconcile/patterns.test.ts',
          'test/grpc',
          'test/integrity',
          'test/incidents',
        ),
      ),
  },
]

const wanted = process.argv.slice(2)
const failed = []
for (const step of steps) {
  if (wanted.length > 0 && !wanted.includes(step.name)) continue
  console.log(`\n— ${step.name}`)
  const startMs = Date.now()
  const isGood = attempt(step)
  if (!isGood) failed.push(step.name)
  console.log(
    `— ${step.name}: ${isGood ? 'ok' : 'FAILED'} in ${((Date.now() - startMs) / 1000).toFixed(1)} s`,
  )
}
console.log(failed.length === 0 ? '\nverify: all good' : `\nverify: failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

function attempt(step) {
  try {
    return step.run() === 0
  } catch (error) {
    console.error(error.message)
    return false
  }
}

function tool(name, ...args) {
  return spawnSync(join(root, 'node_modules', '.bin', name), args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  }).status
}

function node(env, ...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
    .status
}

function vitest(size, ...paths) {
  if (paths.length === 0) return 0
  return node(
    { ONCEWARD_TEST_SIZE: size },
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--passWithNoTests',
    ...paths,
  )
}

function existing(...paths) {
  return paths.filter((path) => existsSync(join(root, path)))
}

function tarball() {
  const name = readdirSync(packDir).find((entry) => entry.endsWith('.tgz'))
  if (name === undefined) throw new Error('there is no tarball')
  return name
}
