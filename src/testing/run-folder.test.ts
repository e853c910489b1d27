import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeRunFolder } from './run-folder.ts'

let place: string

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'onceward-runs-'))
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

function oldRun(name: string, pid: number): void {
  mkdirSync(join(place, name))
  writeFileSync(join(place, name, 'onceward-demo.json'), JSON.stringify({ pid }))
}

/** No process has it: Linux ends at 2^22, and others below that. */
const deadPid = 2 ** 22 + 1

test('each run gets a folder of its own, out of sight of version control', () => {
  const [first, second] = [makeRunFolder(place, 'demo'), makeRunFolder(place, 'demo')]
  expect(first.path).not.toBe(second.path)
  expect(existsSync(join(place, '.gitignore'))).toBe(true)
})

test('of finished runs the latest stay; runs that are on and folders of others are left alone', () => {
  for (let day = 1; day <= 8; day++) oldRun(`run-2020010${day}T000000-aaaaaa`, deadPid)
  oldRun('run-20190101T000000-inuse1', process.pid)
  mkdirSync(join(place, 'run-20180101T000000-foreign'))
  const { path } = makeRunFolder(place, 'demo')
  const left = readdirSync(place).filter((name) => name.startsWith('run-'))
  expect(left).toContain('run-20190101T000000-inuse1')
  expect(left).toContain('run-20180101T000000-foreign')
  expect(left.filter((name) => name.startsWith('run-2020'))).toHaveLength(4)
  expect(existsSync(path)).toBe(true)
})

test('a place that cannot be written to is refused by its name', () => {
  const file = join(place, 'file')
  writeFileSync(file, '')
  expect(() => makeRunFolder(file, 'demo')).toThrow(file)
})
