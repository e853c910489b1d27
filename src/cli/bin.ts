#!/usr/bin/env node
// The published entry. It must parse on any Node with modules, to say in one line that it is too old: no static
// imports, no syntax of this decade.
const needed = [22, 13]
const found = process.versions.node
const parts = found.split('.').map(Number)
const major = Number(parts[0])
const isTooOld = major < Number(needed[0]) || (major === needed[0] && Number(parts[1]) < Number(needed[1]))

if (isTooOld) {
  process.stderr.write(
    'onceward: needs Node ' + needed.join('.') + ' or newer, this is Node ' + found + '.\n',
  )
  process.exitCode = 2
} else {
  import('./main.ts')
    .then((module) => module.main(process.argv.slice(2)))
    .catch((error) => {
      process.stderr.write('onceward: ' + String(error && error.stack) + '\n')
      process.exitCode = 1
    })
}
