import type { RunUnguarded } from './unguarded.ts'
import type { MakeSteps } from './steps.ts'

/** What most programs never need, and what weighs: it comes with the first call of an operation that asks for it. */
export interface Seldom {
  steps(): Promise<{ readonly makeSteps: MakeSteps }>
  unguarded(): Promise<{ readonly runUnguarded: RunUnguarded }>
}

export const seldom: Seldom = {
  steps: () => import('./steps.ts'),
  unguarded: () => import('./unguarded.ts'),
}
