// node scripts/dashboard.mjs [OUT_DIR]: builds the pages of `onceward serve` into dist/dashboard (or OUT_DIR).
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode, root } from './install.mjs'

export function buildDashboard(outDir) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const options = ['--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn']
  // Nothing of it on standard output, which may be a command's.
  const stdio = ['ignore', 2, 2]
  const { status } = spawnSync(findNode(), [vite, 'build', join(root, 'dashboard'), ...options], { stdio })
  if (status !== 0) throw new Error('the dashboard could not be built')
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  buildDashboard(resolve(root, process.argv[2] ?? 'dist/dashboard'))
