import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { filesBelow, root } from '../support/repo.ts'
import { run } from '../support/run.ts'

const tests = filesBelow('examples', /\.test\.ts$/)

/** As their readers run them, but for where `onceward` comes from. The drill's example runs in test/drills. */
it.each(tests)('%s passes', { timeout: 60_000 }, async (path) => {
  const hook = pathToFileURL(join(root, 'scripts', 'from-sources.mjs')).href
  const { VITEST: _vitest, NODE_OPTIONS: _options, ...env } = process.env
  const done = await run(process.execPath, ['--import', hook, '--test', path], { cwd: root, env })
  expect(done.code, `${done.stdout}\n${done.stderr}`).toBe(0)
  expect(done.stdout).toMatch(/^(# |ℹ )pass [1-9]/m)
})

it('there is something to run', () => {
  expect(tests).not.toEqual([])
})
