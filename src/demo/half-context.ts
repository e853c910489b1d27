import type { Children } from './children.ts'
import type { Watch } from '../testing/ending.ts'
import type { Journal } from '../testing/journal.ts'
import type { ClientProgress } from './messages.ts'

/** Everything both halves have in common. */
export interface HalfContext {
  readonly seed: number
  readonly workers: number
  readonly ordersPath: string
  readonly schedulePath: string
  readonly children: Children
  readonly processes: Journal
  readonly watch: Watch
  readonly onProgress: (progress: HalfProgress) => void
}

export interface HalfProgress extends ClientProgress {
  readonly workerKills: number
}
