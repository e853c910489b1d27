import type { TestBundle } from './bundle.ts'

/** What happened, told as files, and the signals that must say so. */
export interface Story {
  readonly name: string
  readonly bundle: TestBundle
  readonly yes: readonly string[]
  readonly no: readonly string[]
  readonly unknown: readonly string[]
}
