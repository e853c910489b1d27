import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { CliBench, json } from '../e2e/cli-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

it('triage --init begins a bundle, and says what is wrong with a connection without its password', async () => {
  const bench = new CliBench()
  onTestFinished(() => bench.dispose())
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'charges.csv'), 'order_ref,charge_id,at\no-1,c-1,2026-06-03T02:00:00Z\n')
  const [made, refused] = await Promise.all([
    bench.run(['triage', '--init', directory, '--json']),
    bench.run(['triage', 'x', '--connect', 'mysql://root:s3cret@db/shop']),
  ])
  expect(json(made)).toMatchObject({ sources: 1, left: [] })
  expect([made.code, refused.code]).toEqual([0, 2])
  expect(String(refused.stderr)).toContain('mysql://root:***@db/shop')
})
