import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../support/repo.ts'
import { run } from '../support/run.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

it('examples/outbound charges once, behind a reset and a 503, and replays', async () => {
  const file = join(temporaryDirectory(), 'charges.db')
  const done = await run(process.execPath, [join(root, 'examples/outbound/charge.ts'), file], { cwd: root })
  expect(done.stdout.split('\n').slice(-4)).toEqual([
    'ch_1, after 3 attempts',
    'ch_1, replayed',
    '3 requests, 1 charge',
    '',
  ])
})
