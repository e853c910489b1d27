/** What is kept of one stream: the first bytes, never with a gap, and how many there were. */
export interface KeptOutput {
  readonly bytes: Buffer
  readonly totalBytes: number
}

/** Shares a bound between the streams of one command; who writes first is kept first. */
export class OutputBudget {
  #leftBytes: number

  constructor(maxBytes: number) {
    this.#leftBytes = maxBytes
  }

  keeper(): OutputKeeper {
    return new OutputKeeper((wantedBytes) => {
      const grantedBytes = Math.min(wantedBytes, this.#leftBytes)
      this.#leftBytes -= grantedBytes
      return grantedBytes
    })
  }
}

/** Keeps the beginning of a stream within its budget. */
export class OutputKeeper {
  readonly #take: (wantedBytes: number) => number
  readonly #chunks: Buffer[] = []
  #totalBytes = 0
  #keptBytes = 0

  constructor(take: (wantedBytes: number) => number) {
    this.#take = take
  }

  add(chunk: Buffer): void {
    // After the first byte that was not kept, nothing is: what is replayed is a beginning, not a selection.
    const hasGap = this.#keptBytes < this.#totalBytes
    this.#totalBytes += chunk.length
    const grantedBytes = hasGap ? 0 : this.#take(chunk.length)
    if (grantedBytes === 0) return
    this.#keptBytes += grantedBytes
    this.#chunks.push(chunk.subarray(0, grantedBytes))
  }

  kept(): KeptOutput {
    return { bytes: Buffer.concat(this.#chunks), totalBytes: this.#totalBytes }
  }
}
