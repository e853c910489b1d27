import { type Examination, problem } from './report.ts'

export function examineMemory(): Examination {
  const text = 'memory: is gone with the process: it guards nothing across calls of this command.'
  return {
    store: { kind: 'memory', location: 'memory:', reachable: true, settings: {} },
    claims: [
      {
        claim: 'what was acknowledged survives a crash of a process',
        holds: false,
        why: 'it is kept in memory',
      },
    ],
    findings: [problem(text)],
  }
}
