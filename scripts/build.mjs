// node scripts/build.mjs [OUT_DIR]: compiles src into dist/ (or OUT_DIR), from nothing, so that no removed file lingers.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildDashboard } from './dashboard.mjs'
import { root } from './install.mjs'
import { unreachedTypes } from './unreached-types.mjs'

const outDir = resolve(root, process.argv[2] ?? 'dist')
rmSync(outDir, { recursive: true, force: true })
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const whole = ['--project', join(root, 'tsconfig.build.json'), '--outDir', outDir]
// Comments are for whoever reads the sources, and in the types for whoever uses them; the code does without.
compile(...whole, '--removeComments')
compile(...whole, '--emitDeclarationOnly')
// What runs in pages is compiled apart: there is a DOM there, and no Node.
const page = join(root, 'src', 'browser')
const emit = ['--noEmit', 'false', '--noEmitOnError', 'true', '--rootDir', page]
compile('--project', page, ...emit, '--outDir', join(outDir, 'browser'))
for (const path of unreachedTypes(outDir)) rmSync(path)
// What is no code (orders of the demo, say) is read at run time from beside the code.
cpSync(join(root, 'src'), outDir, {
  recursive: true,
  filter: (path) => isDirectory(path) || !/\.ts$|tsconfig\.json$/.test(path),
})
buildDashboard(join(outDir, 'dashboard'))
const bin = join(outDir, 'cli', 'bin.js')
if (existsSync(bin)) chmodSync(bin, 0o755)

function compile(...options) {
  const { status } = spawnSync(process.execPath, [tsc, ...options], { stdio: 'inherit', cwd: root })
  if (status !== 0) process.exit(status ?? 1)
}

function isDirectory(path) {
  return statSync(path).isDirectory()
}
