import type { Entry } from './entry.ts'
import { isStoreFault, type Reply, type SettleRequest, type SettleResult, StoreFault } from './store.ts'

/** Beyond so many nothing is told apart any more, and whatever has ended is recognised before it is shown. */
const maxRefs = 10_000

/**
 * Rule 4: ends that this process has written, or may have, without being acknowledged it. What can be seen of them may
 * not last, so they are shown only once a write that recognises them is acknowledged (docs/decisions/016).
 */
export class Unsure {
  readonly #refs = new Set<string>()
  readonly #recognise: (requests: readonly SettleRequest[]) => Promise<Reply<SettleResult>>

  constructor(recognise: (requests: readonly SettleRequest[]) => Promise<Reply<SettleResult>>) {
    this.#recognise = recognise
  }

  /** Sends what may end the entries of `refs`, in their order. */
  async ending<R extends { readonly kind: string }>(
    refs: readonly string[],
    send: () => Promise<Reply<R>>,
  ): Promise<Reply<R>> {
    // Before it is sent: it may be written, and never answered.
    const fresh = refs.filter((ref) => this.begin(ref))
    try {
      const reply = await send()
      for (const [index, ref] of refs.entries())
        if (reply.results[index]?.kind !== 'stale' || fresh.includes(ref)) this.acknowledged(ref)
      return reply
    } catch (error) {
      if (isStoreFault(error) && error.kind !== 'lost') for (const ref of fresh) this.acknowledged(ref)
      throw error
    }
  }

  /** False where it was unsure before. */
  begin(ref: string): boolean {
    if (this.#refs.has(ref)) return false
    this.#refs.add(ref)
    return true
  }

  acknowledged(ref: string): void {
    this.#refs.delete(ref)
  }

  /** The rows as they may be shown. Rejects with a `conflict` where one of them has changed meanwhile. */
  async sure<E extends Entry | undefined>(rows: readonly E[]): Promise<readonly E[]> {
    const open = rows.filter((row) => row !== undefined && this.#isOpen(row)) as Entry[]
    if (open.length === 0) return rows
    const { results } = await this.#recognise(open.map(recognising))
    const found = new Map<string, Entry>()
    for (const [index, { ref }] of open.entries()) {
      const result = results[index]
      if (result?.kind !== 'settled')
        throw new StoreFault('conflict', `entry ${ref} has changed while its end was looked at`)
      this.acknowledged(ref)
      found.set(ref, result.entry)
    }
    return rows.map((row) => (found.get(row?.ref ?? '') as E | undefined) ?? row)
  }

  #isOpen({ ref, state }: Entry): boolean {
    const hasEnded = state === 'succeeded' || state === 'failed'
    return hasEnded && (this.#refs.has(ref) || this.#refs.size >= maxRefs)
  }
}

/** A settle that writes nothing new: it goes through where the row is still as it was seen. */
function recognising({ ref, owner, attempt, ownerWrite, state, ...row }: Entry): SettleRequest {
  const { round, earlierUnknown, valueKept, settledDigest: digest = '' } = row
  const to = state as SettleRequest['to']
  return {
    ref,
    owner,
    attempt,
    ownerWrite,
    to,
    round,
    earlierUnknown,
    valueKept,
    digest,
    endsLease: false,
    recognisesOnly: true,
  }
}
