import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow, isPresent, readText, root } from '../support/repo.ts'
import { run, runOrThrow } from '../support/run.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What is imported, by which file, with which code, and the rule that forbids it. */
type Refusal = [what: string, path: string, code: string, rule: string]

describe('the rooms', () => {
  it('ARCHITECTURE.md shows the table of scripts/rooms.json', async (context) => {
    if (!isPresent('ARCHITECTURE.md')) return context.skip('ARCHITECTURE.md is not written yet')
    const shown = /<!-- rooms:start -->\n([\s\S]*?)<!-- rooms:end -->/.exec(readText('ARCHITECTURE.md'))?.[1]
    const generated = await runOrThrow(process.execPath, ['scripts/rooms-table.mjs'], { cwd: root })
    expect(shown?.trim()).toBe(generated.trim())
  })

  it('every source file is in exactly one room', async () => {
    const script = `import { roomsOf } from './scripts/rooms.mjs'
      console.log(JSON.stringify(process.argv.slice(1).filter((path) => roomsOf(path).length !== 1)))`
    const args = ['--input-type=module', '--eval', script, '--', ...filesBelow('src', /\.ts$/)]
    expect(JSON.parse(await runOrThrow(process.execPath, args, { cwd: root }))).toEqual([])
  })

  it.each<Refusal>([
    ['a room further right', 'src/kernel/a.ts', "import '../ledger/b.ts'", 'room-kernel'],
    [
      'a type of a room further right',
      'src/kernel/a.ts',
      "import type { b } from '../ledger/b.ts'",
      'room-kernel',
    ],
    ['a type inline', 'src/kernel/a.ts', "export const a: import('../ledger/b.ts').b = 1", 'room-kernel'],
    ['a room beside', 'src/stores/one/a.ts', "export type { b } from '../two/b.ts'", 'room-stores'],
    [
      'a room beside, when needed',
      'src/ledger/a.ts',
      "export const a = import('../system.ts')",
      'room-ledger',
    ],
    ['the root entry from a store', 'src/stores/one/a.ts', "import '../../index.ts'", 'room-stores'],
    ['a package of another room', 'src/ledger/a.ts', "import 'commander'", 'package-commander'],
    ['a package of no room', 'src/ledger/a.ts', "import type { Plugin } from 'vite'", 'package-unknown'],
    ['a test', 'src/ledger/a.ts', "import './b.test.ts'", 'src-stands-alone'],
    ['itself in a circle of types', 'src/ledger/b.ts', "import type { c } from './c.ts'", 'no-cycle'],
    ['anything, from a file of no room', 'src/attic/a.ts', "import '../kernel/c.ts'", 'room-unknown'],
    ['what is not there', 'src/kernel/a.ts', "import './nowhere.ts'", 'no-unresolved'],
  ])('dependency-cruiser refuses to import %s', async (...[, path, code, rule]) => {
    const done = await cruise({ [path]: code })
    expect(done.stdout).toContain(rule)
    expect(done.code).not.toBe(0)
  })

  it('dependency-cruiser lets a test import what it likes, and a room what is left of it', async () => {
    const done = await cruise({
      'src/kernel/c.test.ts': "import '../ledger/b.ts'",
      'src/stores/one/a.ts': "import '../../ledger/b.ts'\nimport './b.ts'",
      'src/stores/one/b.ts': "import 'pg'",
      'src/cli/a.ts': "import '../stores/one/a.ts'\nimport 'commander'",
    })
    expect(done.stdout).toContain('no dependency violations found')
    expect(done.code).toBe(0)
  })
})

function cruise(files: Readonly<Record<string, string>>): ReturnType<typeof run> {
  const house = temporaryDirectory()
  const others = {
    'src/system.ts': '',
    'src/index.ts': '',
    'src/kernel/c.ts': '',
    'src/ledger/b.ts': 'export type b = 1',
    'src/ledger/b.test.ts': '',
    'src/ledger/c.ts': "import type { b } from './b.ts'\nexport type c = b",
    'src/stores/two/b.ts': 'export type b = 1',
  }
  for (const [path, code] of Object.entries({ ...others, ...files })) {
    mkdirSync(dirname(join(house, path)), { recursive: true })
    writeFileSync(join(house, path), `${code}\n`)
  }
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json', 'scripts']) {
    cpSync(join(root, name), join(house, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'))
  const args = ['--config', '.dependency-cruiser.mjs', 'src']
  return run(join(root, 'node_modules', '.bin', 'depcruise'), args, { cwd: house })
}
