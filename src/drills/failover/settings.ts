/** Of every stage that is failed over: leases that outlive it, and the shortest wait for recalls that there is. */
export const loadSettings = {
  leaseMs: 15_000,
  recallWaitMs: 10_000,
  peer: { effectMs: 5 },
} as const
