import { optionInvalid } from '../../kernel/errors.ts'
import type { Runtime } from '../../kernel/runtime.ts'
import type { RecordStore, Store } from '../../ledger/store.ts'
import type { NamedWish } from './wish.ts'

/** A wish that waits for its time, or for its next try. */
export interface Appointment {
  readonly named: NamedWish
  readonly dueMs: number
  /** Tries so far. */
  readonly passes: number
  /** Until then a server is at it; another one takes over afterwards. */
  readonly leasedUntilMs: number
  /** Who wished for it. */
  readonly by: string
  readonly error?: { readonly code: string; readonly message: string }
}

export interface Found {
  readonly appointment: Appointment
  readonly version: number
}

/**
 * What is to be done later, for any of the servers: an appointment by its ref, and a row in the order of time that leads
 * to it. The row is written first and removed last, so that no appointment is without one; a row without an appointment
 * is swept away. Taking one twice costs nothing but a look: the ledger says who runs.
 */
export class Agenda {
  readonly #records: RecordStore & { readonly remove: NonNullable<RecordStore['remove']> }
  readonly #scope: string
  readonly #runtime: Runtime

  /** Throws `OPTION_INVALID` on a store that cannot remove records. */
  constructor(store: Store, scope: string, runtime: Runtime) {
    const { records } = store
    if (records.remove === undefined)
      throw optionInvalid('store', 'one that can remove records, where effects are scheduled', store.name)
    this.#records = records as RecordStore & { readonly remove: NonNullable<RecordStore['remove']> }
    this.#scope = scope
    this.#runtime = runtime
  }

  get #wishes(): string {
    return `effects/${this.#scope}`
  }

  get #times(): string {
    return `effects-due/${this.#scope}`
  }

  async find(ref: string): Promise<Found | undefined> {
    // Refs do not share 23 of their 24 characters: the one behind this prefix is the one, or there is none.
    const [record] = await this.#records.read({ stream: this.#wishes, after: ref.slice(0, -1), limit: 1 })
    if (record?.id !== ref) return undefined
    return { appointment: JSON.parse(record.body) as Appointment, version: record.version }
  }

  /** False: there is one already. */
  async add(appointment: Appointment): Promise<boolean> {
    await this.#time(appointment)
    return this.#write(appointment, 0)
  }

  /** Changes one that has not changed since it was read. */
  async change({ version, appointment: before }: Found, after: Appointment): Promise<boolean> {
    if (after.dueMs !== before.dueMs) await this.#time(after)
    if (!(await this.#write(after, version))) return false
    if (after.dueMs !== before.dueMs) await this.#records.remove([this.#row(before)])
    return true
  }

  async remove(appointment: Appointment): Promise<void> {
    const { ref } = appointment.named
    await this.#records.remove([{ stream: this.#wishes, id: ref }])
    await this.#records.remove([this.#row(appointment)])
  }

  /** Those whose time has come and whom nobody is at, the earliest first. */
  async due(limit: number): Promise<readonly Found[]> {
    const nowMs = this.#runtime.wallMs()
    const rows = await this.#records.read({ stream: this.#times, limit })
    const found: Found[] = []
    for (const { id, atMs } of rows) {
      const [dueMs, ref = ''] = id.split('/')
      if (Number(dueMs) > nowMs) break
      const one = await this.find(ref)
      const isStray = one === undefined || idOfTime(one.appointment) !== id
      if (isStray) {
        // Its appointment may be on its way.
        if (Math.abs(nowMs - atMs) > strayMs) await this.#records.remove([{ stream: this.#times, id }])
      } else if (one.appointment.leasedUntilMs <= nowMs) found.push(one)
    }
    return found
  }

  /** All of them in the order of time, whoever is at them. */
  async list({ after, limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<{
    readonly found: readonly Found[]
    readonly next?: string
  }> {
    const page = { stream: this.#times, limit: limit + 1, ...(after === undefined ? {} : { after }) }
    const rows = await this.#records.read(page)
    const found: Found[] = []
    for (const { id } of rows.slice(0, limit)) {
      const one = await this.find(id.split('/')[1] ?? '')
      if (one !== undefined && idOfTime(one.appointment) === id) found.push(one)
    }
    const last = rows[limit - 1]
    return { found, ...(rows.length > limit && last !== undefined ? { next: last.id } : {}) }
  }

  #time(appointment: Appointment): Promise<void> {
    return this.#records.append([{ ...this.#row(appointment), body: '' }])
  }

  #row(appointment: Appointment): { readonly stream: string; readonly id: string } {
    return { stream: this.#times, id: idOfTime(appointment) }
  }

  #write(appointment: Appointment, version: number): Promise<boolean> {
    const { ref } = appointment.named
    return this.#records.replaceIf({
      stream: this.#wishes,
      id: ref,
      version,
      body: JSON.stringify(appointment),
    })
  }
}

const strayMs = 60_000

function idOfTime({ dueMs, named }: Appointment): string {
  return `${String(Math.floor(dueMs)).padStart(15, '0')}/${named.ref}`
}
