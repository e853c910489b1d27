export interface LeakSample {
  readonly operations: number
  readonly heapBytes: number
  /** Buffers and the like, outside the heap. */
  readonly externalBytes: number
  readonly residentBytes: number
}

export interface LeakResult {
  readonly store: string
  readonly startedAt: string
  readonly onceward: string
  readonly node: string
  readonly operations: number
  readonly tookSeconds: number
  readonly samples: readonly LeakSample[]
  /** Slope of heap and external bytes after the first tenth, by least squares. */
  readonly bytesPerOperation: number
  readonly limitBytesPerOperation: number
  readonly isFlat: boolean
}
