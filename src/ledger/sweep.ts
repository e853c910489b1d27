import type { Timer } from '../kernel/runtime.ts'
import type { Ledger } from './context.ts'
import { nobody } from './events.ts'
import { type Entry, openStates } from './entry.ts'
import type { SweepReport } from './onceward.ts'
import { askTarget, didNotHappen, resolveEntry } from './resolve.ts'
import { type ParsedSafety } from './safety.ts'

const pageSize = 200
const maxPages = 50

type Tally = { -readonly [name in keyof SweepReport]: number }

/**
 * Looks at every lapsed lease and old result of this scope once. Entries that only a caller can go on with (nothing
 * sent, keyed, transactional) are left to one; blind ones go into doubt; verifiable ones are asked for.
 */
export async function sweep(ledger: Ledger): Promise<SweepReport> {
  await ledger.open()
  const { store, scope, tombstoneMs } = ledger.options
  const tally: Tally = { lapsed: 0, doubted: 0, asked: 0, settled: 0, buried: 0, deleted: 0 }
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    const query = {
      scope,
      states: openStates,
      lapsed: true,
      limit: pageSize,
      cursor,
    }
    const found = await ledger.inTime('list', store.list(query))
    for (const entry of found.entries) await sweepEntry(ledger, entry, { nowMs: found.nowMs, tally })
    cursor = found.next
    if (cursor === undefined) break
  }
  for (let page = 0; page < maxPages; page += 1) {
    const purged = await ledger.inTime('purge', store.purge({ scope, limit: pageSize, tombstoneMs }))
    tally.buried += purged.buried
    tally.deleted += purged.deleted
    if (purged.buried + purged.deleted < pageSize) break
  }
  ledger.events.emit('swept', nobody(scope), tally)
  return tally
}

async function sweepEntry(ledger: Ledger, entry: Entry, at: { nowMs: number; tally: Tally }): Promise<void> {
  const { tally } = at
  // An attempt of this very process may be finishing: its own settlement says more than a sweep can.
  if (ledger.running.get(entry.ref)?.entry !== undefined) return
  if (entry.state !== 'in_doubt') tally.lapsed += 1
  const safety: ParsedSafety = ledger.options.operations.get(entry.operation)?.safety ?? { kind: 'blind' }
  const caller = { fingerprint: entry.fingerprint, safety: paramsFor(entry, safety) }
  const decided = ledger.rules.decide(entry, caller, at.nowMs)
  const { nowMs } = at
  const about = { safety: caller.safety, steps: false, leaseMs: entry.leaseMs, nowMs }
  const verdict = ledger.recalling?.heed(decided, entry, about) ?? decided
  if (verdict.kind === 'enter-doubt') {
    if (await resolveEntry(ledger, entry, { to: 'in_doubt', why: verdict.why })) tally.doubted += 1
  }
  if (verdict.kind === 'ask' && safety.kind === 'verifiable' && safety.verify !== undefined) {
    tally.asked += 1
    const asked = await askTarget(ledger, entry, { verify: safety.verify, settleMs: safety.settleMs })
    if (asked.kind === 'in-doubt' && entry.state !== 'in_doubt') tally.doubted += 1
    if (asked.kind === 'succeeded' || (asked.kind === 'did-not-happen' && (await free(ledger, entry))))
      tally.settled += 1
  }
}

/** Only an entry in doubt is freed by somebody who does not own it, so a started one goes through doubt. */
async function free(ledger: Ledger, entry: Entry): Promise<boolean> {
  const doubt =
    entry.state === 'in_doubt'
      ? entry
      : await resolveEntry(ledger, entry, { to: 'in_doubt', why: didNotHappen.because })
  if (doubt === undefined) return false
  return (await resolveEntry(ledger, doubt, { to: 'released', resolution: didNotHappen })) !== undefined
}

/** What only another service knows (a verify function, the life of a key) is left to that service. */
function paramsFor(entry: Entry, safety: ParsedSafety): ParsedSafety {
  if (entry.safety === 'keyed' && safety.kind !== 'keyed')
    return { kind: 'keyed', keyLifetimeMs: Number.MAX_SAFE_INTEGER, requestTimeoutMs: 0 }
  if (entry.safety === 'verifiable' && safety.kind !== 'verifiable')
    return { kind: 'verifiable', settleMs: Number.MAX_SAFE_INTEGER }
  return safety
}

/**
 * Sweeps by itself, jittered, and only if no other instance on this store has done so within the period: a record
 * with a version is the turn that they take.
 */
export class Sweeper {
  readonly #ledger: Ledger
  #timer: Timer | undefined
  #sweeping: Promise<unknown> = Promise.resolve()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  start(): void {
    const { sweepEveryMs, runtime } = this.#ledger.options
    if (sweepEveryMs === undefined) return
    const pauseMs = sweepEveryMs * (0.75 + runtime.random() / 2)
    this.#timer = runtime.setTimer(
      pauseMs,
      () => {
        this.#sweeping = this.#once(sweepEveryMs).catch(() => undefined)
        void this.#sweeping.then(() => {
          if (this.#timer !== undefined) this.start()
        })
      },
      { background: true },
    )
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#sweeping
  }

  async #once(everyMs: number): Promise<void> {
    const { store, scope, runtime } = this.#ledger.options
    await this.#ledger.open()
    const stream = `sweep/${scope}`
    const [turn] = await this.#ledger.inTime('read', store.records.read({ stream, limit: 1 }))
    // Wall clocks of different machines differ; a turn that seems to lie ahead is taken after one period of ours.
    const sinceMs = turn === undefined ? Number.POSITIVE_INFINITY : Math.abs(runtime.wallMs() - turn.atMs)
    if (sinceMs < everyMs / 2) return
    const body = JSON.stringify({ by: this.#ledger.events.worker })
    const next = { stream, id: 'turn', version: turn?.version ?? 0, body }
    if (!(await this.#ledger.inTime('turn', store.records.replaceIf(next)))) return
    await sweep(this.#ledger)
  }
}
