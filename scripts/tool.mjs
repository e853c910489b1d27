// node scripts/tool.mjs NAME ARGS…: runs a tool of node_modules/.bin, for package.json scripts behind run.mjs.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './install.mjs'

const [name, ...args] = process.argv.slice(2)
const child = spawn(join(root, 'node_modules', '.bin', name), args, {
  stdio: 'inherit',
  cwd: root,
  shell: process.platform === 'win32',
})
child.once('exit', (code, signal) => process.exit(signal === null ? code : 1))
