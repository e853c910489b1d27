import type { Answered } from './answer.ts'
import type { Bench, Work } from './bench.ts'
import type { CheckId, Finding } from './report.ts'

/** The first work that was accepted, which the checks of replays go on with. */
export interface First {
  readonly work: Work
  readonly answer: Answered
}

/** A check of a service that has accepted a first request. */
export interface Check {
  readonly id: CheckId
  readonly run: (bench: Bench, first: First) => Promise<Finding>
}
