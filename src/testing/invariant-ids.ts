/**
 * What drills and the simulation check (docs/guide/simulation.md): I for safety, L for liveness. Effects are counted at
 * their target, never in the ledger.
 */
export const invariantIds = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'L1'] as const
export type InvariantId = (typeof invariantIds)[number]
