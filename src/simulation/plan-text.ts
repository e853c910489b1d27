import type { Fault, Plan } from './plan.ts'

/** A plan as a person reads it. */
export function planText(plan: Plan): readonly string[] {
  const { safety, isStepped, replication, workers, keys, retry } = plan
  const work = `${safety} effects${isStepped ? ' in steps' : ''}, retry ${retry}${plan.singleCall ? ', a single call' : ''}`
  const sweep = plan.sweepEveryMs === undefined ? 'no sweeps' : `sweeps every ${plan.sweepEveryMs} ms`
  return [
    `seed ${plan.seed}: ${work}; ${replication} replication; ${workers} workers, ${keys} keys; ${sweep}`,
    ...plan.calls.map(
      ({ atMs, worker, key, input, retries }) =>
        `call   at ${atMs} ms: w${worker}, k${key}, input ${input}, ${retries} retries`,
    ),
    ...plan.faults.map((fault) => `fault  ${faultText(fault)}`),
  ]
}

function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'crash':
      return `w${fault.worker} dies ${fault.isAfter ? 'after' : 'before'} its message ${fault.nth}, and starts again ${fault.restartMs} ms later`
    case 'stop':
      return `w${fault.worker} stands still from its message ${fault.nth} on, for ${fault.forMs} ms${fault.monotonicStops ? ' (its monotonic clock too)' : ''}`
    case 'clock':
      return `at ${fault.atMs} ms the wall clock of w${fault.worker} jumps by ${fault.byMs} ms`
    case 'close':
      return `at ${fault.atMs} ms w${fault.worker} is closed, with ${fault.graceMs} ms of grace`
    case 'store':
      return `${fault.method} ${fault.nth} of w${fault.worker} to the store: ${fault.what}${messageText(fault)}`
    case 'peer':
      return `request ${fault.nth} of w${fault.worker} to the target: ${fault.what}${messageText(fault)}`
    case 'outage':
      return `at ${fault.atMs} ms the store cannot be reached, for ${fault.forMs} ms`
    case 'failover':
      return `${fault.afterMs} ms after commit ${fault.afterCommit} the primary dies; after ${fault.forMs} ms a standby takes over, without up to ${fault.loses} commits`
  }
}

function messageText({ byMs, isSilent }: { readonly byMs: number; readonly isSilent: boolean }): string {
  return ` (${byMs} ms${isSilent ? ', silently' : ''})`
}
