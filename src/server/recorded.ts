import { timestamp } from '../kernel/time.ts'
import type { Runtime } from '../kernel/runtime.ts'
import type { RecordStore } from '../ledger/store.ts'

/** What commands find out, kept for whoever looks later. */
export const recordedKinds = ['drills', 'reconciliations', 'incidents'] as const
export type RecordedKind = (typeof recordedKinds)[number]

export interface Recorded {
  readonly id: string
  readonly at: string
  readonly by: string
  /** The JSON that the command printed. */
  readonly document: unknown
}

/** Newest first: ids fall as time goes on. */
const endMs = 9_999_999_999_999
/** As many ids differ in their last digit alone. */
const hexDigits = 16

/** Results of drills, reconciliations, triage and post-mortems of one scope, in the records of its store. */
export class RecordedResults {
  readonly #records: RecordStore
  readonly #runtime: Runtime

  constructor(records: RecordStore, runtime: Runtime) {
    this.#records = records
    this.#runtime = runtime
  }

  async add(kind: RecordedKind, scope: string, given: { by: string; document: unknown }): Promise<Recorded> {
    const nowMs = Math.floor(this.#runtime.wallMs())
    const random = Buffer.from(this.#runtime.randomBytes(5)).toString('hex')
    const recorded = { id: `${endMs - nowMs}-${random}`, at: timestamp(nowMs), ...given }
    await this.#records.append([
      { stream: streamOf(kind, scope), id: recorded.id, body: JSON.stringify(recorded) },
    ])
    return recorded
  }

  async one(kind: RecordedKind, scope: string, id: string): Promise<Recorded | undefined> {
    const page = await this.#records.read({
      stream: streamOf(kind, scope),
      after: id.slice(0, -1),
      limit: hexDigits,
    })
    const found = page.find((record) => record.id === id)
    return found === undefined ? undefined : (JSON.parse(found.body) as Recorded)
  }

  async list(
    kind: RecordedKind,
    scope: string,
    { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<{ readonly found: readonly Recorded[]; readonly next?: string }> {
    const stream = streamOf(kind, scope)
    const page = await this.#records.read({
      stream,
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
    })
    const found = page.slice(0, limit).map(({ body }) => JSON.parse(body) as Recorded)
    const last = found.at(-1)
    return { found, ...(page.length > limit && last !== undefined ? { next: last.id } : {}) }
  }
}

function streamOf(kind: RecordedKind, scope: string): string {
  return `recorded-${kind}/${scope}`
}
