/** The outside world: what it did, in its own journal. Tests count effects here, never in the ledger. */
export class Peer {
  readonly journal: string[] = []

  /** Does it again whenever it is asked. */
  do(what: string): string {
    this.journal.push(what)
    return `${what} #${this.journal.length}`
  }

  count(what: string): number {
    return this.journal.filter((done) => done === what).length
  }
}

/** Remembers keys for a while, and does nothing again for a key that it remembers. */
export class KeyedPeer {
  readonly journal: { readonly key: string; readonly atMs: number }[] = []
  /** Every request, also those that were no news. */
  readonly requests: string[] = []
  readonly #lifetimeMs: number
  readonly #nowMs: () => number

  constructor(lifetimeMs: number, nowMs: () => number) {
    this.#lifetimeMs = lifetimeMs
    this.#nowMs = nowMs
  }

  do(key: string): string {
    this.requests.push(key)
    const atMs = this.#nowMs()
    const known = this.journal.some((done) => done.key === key && done.atMs + this.#lifetimeMs > atMs)
    if (!known) this.journal.push({ key, atMs })
    return key
  }
}
