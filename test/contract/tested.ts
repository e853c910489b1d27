import { onTestFinished } from 'vitest'
import type { CheckId, CheckResult, ContractReport } from '../../src/contract/report.ts'
import { runContract } from '../../src/contract/run-contract.ts'
import type { ContractOptions } from '../../src/contract/settings.ts'
import { Service, type ServiceOptions } from './service.ts'

/** A service that runs until the test is done. */
export async function started(options: ServiceOptions = {}): Promise<Service> {
  const service = await new Service(options).start()
  onTestFinished(() => service.close())
  return service
}

/** A run with everything that a check may need, and shorter waits than a stranger's service needs. */
export function whole(service: Service, options: ContractOptions = {}): Promise<ContractReport> {
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

export function of(report: ContractReport, id: CheckId): CheckResult {
  const found = report.checks.find((check) => check.id === id)
  if (found === undefined) throw new Error(`no check ${id}`)
  return found
}

export function withOutcome({ checks }: ContractReport, outcome: CheckResult['outcome']): CheckId[] {
  return checks.filter((check) => check.outcome === outcome).map(({ id }) => id)
}
