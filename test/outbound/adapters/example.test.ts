import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../support/repo.ts'
import { runOrThrow } from '../../support/run.ts'

it('examples/outbound-axios shows two charges without, and one with', async () => {
  const program = join(root, 'examples', 'outbound-axios', 'compare.ts')
  const printed = await runOrThrow(process.execPath, [program], { cwd: root })
  expect(printed.trim().split('\n')).toEqual([
    'axios with axios-retry: 2 charges',
    'axios with onceward, without a key: 1 charge, outcome unknown',
    'axios with onceward, with a key: 1 charge, sent again and answered',
  ])
})
