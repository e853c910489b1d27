import { claimsOf } from './promises.ts'
import { type Examination, problem } from './report.ts'

export function examineMemory(): Examination {
  const text = 'memory: is gone with the process: it guards nothing across calls of this command.'
  return {
    store: { kind: 'memory', location: 'memory:', reachable: true, settings: {} },
    claims: claimsOf('memory', []),
    checks: [],
    findings: [problem(text)],
  }
}
