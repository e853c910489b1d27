import { afterEach, describe, expect, it } from 'vitest'
import { type CheckId, type ContractReport } from '../../src/contract/report.ts'
import { runContract } from '../../src/contract/run-contract.ts'
import type { ContractOptions } from '../../src/contract/settings.ts'
import { Service, type ServiceOptions } from './service.ts'

const open: Service[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((service) => service.close()))
})

async function started(options: ServiceOptions = {}): Promise<Service> {
  const service = await new Service(options).start()
  open.push(service)
  return service
}

/** With everything that a check may need. */
function whole(service: Service, options: ContractOptions = {}): Promise<ContractReport> {
  return runContract({
    url: service.url(),
    headers: [['Authorization', 'Bearer one']],
    count: { kind: 'endpoint', url: service.url(), path: '$.orders[?@.reference == "{{uuid}}"]' },
    otherPath: '/refunds',
    otherCaller: [['Authorization', 'Bearer two']],
    errorBody: { text: '{"decline":true}', contentType: 'application/json' },
    restart: () => service.restart(),
    patienceMs: 400,
    settleMs: 30,
    ...options,
  })
}

function failed({ checks }: ContractReport): string[] {
  return checks.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id)
}

describe.each(['strict', 'lenient'] as const)('a service that keeps every rule, %s', (keys) => {
  it(`conforms to ietf-07-${keys}`, async () => {
    const report = await whole(await started({ keys }), { profile: `ietf-07-${keys}` })
    expect(
      report.checks.filter(({ outcome }) => outcome !== 'pass').map(({ id, seen }) => [id, seen]),
    ).toEqual(keys === 'strict' ? [['bare-key', 'keys are quoted strings only (see malformed-key)']] : [])
    expect(report.verdict).toBe('conforms')
  })
})

const broken: readonly (ServiceOptions & { breaks: CheckId })[] = [
  { breaks: 'missing-key' },
  { breaks: 'malformed-key' },
  { breaks: 'first-accepted' },
  { breaks: 'replay-equal' },
  { breaks: 'replay-many' },
  { breaks: 'payload-swap' },
  { breaks: 'payload-swap', how: 'again' },
  { breaks: 'concurrent-same-key' },
  { breaks: 'other-path' },
  { breaks: 'other-caller' },
  { breaks: 'reply-cut' },
  { breaks: 'reply-cut', how: 'stuck' },
  { breaks: 'request-cut' },
  { breaks: 'error-replay' },
  { breaks: 'replay-after-restart' },
  { breaks: 'bare-key' },
  { breaks: 'key-parameters' },
]

describe('a service that breaks one rule fails that check alone', () => {
  it.each(broken)('$breaks $how', async (options) => {
    const report = await whole(await started({ keys: 'lenient', ...options }))
    expect(report.checks.filter(({ outcome }) => outcome === 'fail')).toMatchObject([{ id: options.breaks }])
    expect(failed(report)).toEqual([options.breaks])
  })
})
