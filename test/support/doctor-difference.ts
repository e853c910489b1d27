import type { Examination } from '../../src/cli/doctor/report.ts'

/** The answers of doctor that changed: checks by id, and promises by id. */
export interface Difference {
  readonly checks: Readonly<Record<string, boolean | null>>
  readonly promises: Readonly<Record<string, boolean | null>>
}

export function difference(from: Examination, to: Examination): Difference {
  return { checks: changed(from.checks, to.checks), promises: changed(from.claims, to.claims) }
}

interface Answer {
  readonly id: string
  readonly holds: boolean | null
}

function changed(from: readonly Answer[], to: readonly Answer[]): Record<string, boolean | null> {
  const before = new Map(from.map(({ id, holds }) => [id, holds]))
  const rest = to.filter(({ id, holds }) => before.get(id) !== holds)
  return Object.fromEntries(rest.map(({ id, holds }) => [id, holds]))
}
