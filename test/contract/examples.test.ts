import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ContractReport } from '../../src/contract/report.ts'
import { runContract } from '../../src/contract/run-contract.ts'
import type { ProfileName } from '../../src/http/profiles.ts'
import { startExample } from '../http/support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { of, withOutcome } from './tested.ts'

/* What the tester says of the services in examples/, and of one with nothing in front of it. */

const guarded = ['http-express', 'http-fastify']
const strictAndLenient: readonly ProfileName[] = ['ietf-07-strict', 'ietf-07-lenient']

it.each(guarded.flatMap((name) => strictAndLenient.map((profile) => ({ name, profile }))))(
  'examples/$name conforms to $profile',
  async ({ name, profile }) => {
    const file = join(temporaryDirectory(), 'orders.db')
    const { url } = await startExample(`examples/${name}/service.ts`, file, profile)
    const report = await judge(url, profile)
    expect(withOutcome(report, 'fail')).toEqual([])
    expect(report.verdict).toBe('conforms')
    expect(of(report, 'replay-many')).toMatchObject({ outcome: 'pass', effects: 1 })
    expect(of(report, 'concurrent-same-key')).toMatchObject({ outcome: 'pass', effects: 1 })
    expect(of(report, 'reply-cut')).toMatchObject({ outcome: 'pass', effects: 1 })
  },
)

it('the same service unguarded is unsafe: it did the work for every repetition', async () => {
  const { url } = await startExample('examples/http-express/unguarded.ts')
  const report = await judge(url, 'ietf-07-lenient')
  expect(report.verdict).toBe('unsafe')
  expect(of(report, 'replay-many')).toMatchObject({ outcome: 'fail', effects: 21 })
})

function judge(url: string, profile: ProfileName): Promise<ContractReport> {
  return runContract({
    url: `${url}/orders`,
    profile,
    body: { text: '{"sku":"{{uuid}}","amount":1900}', contentType: 'application/json' },
    headers: [['x-account', 'one']],
    otherCaller: [['x-account', 'two']],
    count: { kind: 'endpoint', url: `${url}/orders`, path: '$[?search(@, "{{uuid}}")]' },
    settleMs: 30,
  })
}
