import type { DuplicateGroup } from '../audit/report.ts'

export type WatchEvent =
  /** What is there has been read; from now on each duplicate is told. */
  | {
      readonly kind: 'ready'
      readonly source: string
      readonly duplicateRefs: number
      readonly notes: readonly string[]
    }
  /** A reference has got one effect more than it should have. */
  | {
      readonly kind: 'alert'
      readonly source: string
      readonly group: DuplicateGroup
      readonly seenAt: string
    }
  | { readonly kind: 'note'; readonly text: string }
