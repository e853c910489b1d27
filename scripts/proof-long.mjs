// node scripts/proof-long.mjs ARGS…: every test at its full size. Hours, not minutes; ARGS go to vitest.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './install.mjs'

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ONCEWARD_TEST_SIZE: 'full' },
})
process.exit(status ?? 1)
