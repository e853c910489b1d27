import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../support/repo.ts'
import { run } from '../support/run.ts'
import { startExample } from '../http/support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

it('examples/grpc orders once for each key, over a restart too', async () => {
  const file = join(temporaryDirectory(), 'orders.db')
  const service = await startExample('examples/grpc/service.ts', file)
  const first = await order(service.url, 'k-1', 'a')
  expect(first).toMatchObject({ code: 0 })
  expect(await service.stop('SIGTERM')).toBe(0)
  const restarted = await startExample('examples/grpc/service.ts', file)
  const [replayed, reused] = await Promise.all([
    order(restarted.url, 'k-1', 'a'),
    order(restarted.url, 'k-1', 'a', '2000'),
  ])
  expect(replayed).toEqual(first)
  expect(reused?.code).toBe(1)
  expect(reused?.text).toContain('This key was used before')
  expect(reused?.text).toContain('(unknown)')
})

async function order(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const { code, stdout } = await run(process.execPath, [join(root, 'examples/grpc/client.ts'), ...args], {
    cwd: root,
  })
  return { code, text: stdout }
}
