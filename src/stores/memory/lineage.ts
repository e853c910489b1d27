import { Buffer } from 'node:buffer'
import type { Runtime } from '../../kernel/runtime.ts'
import { isSameLineage, KnownLineages, lineageConflict } from '../../ledger/lineage.ts'
import type { Lineage } from '../../ledger/store.ts'
import type { StoreMoment } from '../../ledger/transitions.ts'
import type { MemoryData } from './data.ts'

/** What one handle knows of the lineages of its data. */
export class MemoryLineage {
  readonly #data: () => MemoryData
  readonly #runtime: Runtime
  readonly #known = new KnownLineages()

  constructor(data: () => MemoryData, runtime: Runtime) {
    this.#data = data
    this.#runtime = runtime
  }

  open(): Lineage {
    return this.#known.newest ?? this.standing()
  }

  /** The lineage that stands; begun anew where this handle sees that rows may be missing. */
  standing(): Lineage {
    if (this.#data().lineage === undefined) this.#begin(1)
    const { lineage, timeline } = this.#data() as Required<MemoryData>
    const isElsewhere = lineage.timeline !== timeline
    const judgement = this.#known.judge({ lineage: lineage.stands, isElsewhere, isFresh: true })
    if (judgement.kind === 'begin') this.#begin(judgement.epoch, this.#nowMs())
    return this.#known.follow((this.#data() as Required<MemoryData>).lineage.stands)
  }

  leave(left: Lineage): Lineage {
    if (isSameLineage(left, this.standing())) this.#begin(left.epoch + 1, this.#nowMs())
    return this.standing()
  }

  /** For a batch that names a lineage, or believes in the one that is known. Throws `conflict` under another one. */
  moment(named: Lineage | undefined): StoreMoment {
    const believed = named ?? this.#known.newest
    const stands = this.standing()
    if (believed !== undefined && !isSameLineage(believed, stands)) throw lineageConflict('memory:', stands)
    return { nowMs: this.#nowMs(), epoch: stands.epoch }
  }

  #nowMs(): number {
    return Math.floor(this.#runtime.wallMs())
  }

  #begin(epoch: number, beganAtMs?: number): void {
    const data = this.#data()
    const { lineage, timeline } = data
    data.undo?.push(() => {
      if (lineage === undefined) delete data.lineage
      else data.lineage = lineage
    })
    const nonce = Buffer.from(this.#runtime.randomBytes(16)).toString('base64url')
    data.lineage = {
      stands: { epoch, nonce, ...(beganAtMs === undefined ? {} : { beganAtMs }) },
      timeline,
    }
  }
}
