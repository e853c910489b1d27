import { createHash } from 'node:crypto'
import { count, label, milliseconds } from '../../kernel/check.ts'
import { OncewardError } from '../../kernel/errors.ts'
import { timestamp } from '../../kernel/time.ts'
import type { RecordStore } from '../../ledger/store.ts'
import type { Among } from '../compare/joined.ts'
import { differenceOf } from '../compare/judge.ts'
import { type ReconcileOptions, type ReconcileSettings, reconcileSettings } from '../compare/options.ts'
import { comparing } from '../compare/reconcile.ts'
import type { Difference } from '../compare/report.ts'
import { later } from '../compare/times.ts'
import { isAborted, pause } from '../watch/pause.ts'
import { FollowRecords, type FollowState, type RoundRecord } from './state.ts'

/** Of `followReconcile`. `leftAt` and `rightAt` are needed. */
export interface FollowOptions extends ReconcileOptions {
  /** Where state and history are kept: a ledger's store, opened. */
  readonly store: { readonly records: RecordStore }
  /** Between two rounds. Default 60,000. */
  readonly everyMs?: number
  /** Under which state is kept. Default: made of the sources and the key. */
  readonly name?: string
  /** Ends after so many. */
  readonly rounds?: number
}

export interface FollowRound extends RoundRecord {
  readonly name: string
  /** Differences, pending ones aside, that the round before did not have. */
  readonly alerts: readonly Difference[]
}

/** A transaction may commit this much later than another whose rows have later times. */
const lateMs = 60_000
/** Keys whose state is kept; with more of them everything is compared again instead. */
const maxOpen = 1000
const maxAlerts = 1000

/**
 * Compares again and again: the first time everything, then the keys that have a new row on either side and those that
 * were open. Goes on where it stopped, also in another process. A side that cannot be reached ends it: the state stays.
 */
export async function* followReconcile(options: FollowOptions): AsyncGenerator<FollowRound, void, undefined> {
  const { store, everyMs = 60_000, rounds = Number.MAX_SAFE_INTEGER, signal } = options
  milliseconds(everyMs, '--every', 10)
  count(rounds, '--rounds', { min: 1, max: Number.MAX_SAFE_INTEGER })
  const settings = followSettings(options)
  const name = label(options.name ?? nameOf(settings), '--name', 200)
  const records = new FollowRecords(store.records, name)
  let state = await records.state()
  let told = new Set<string>()
  for (let round = 1; !isAborted(signal); round++) {
    const { next, record, differences } = await compareRound(settings, state)
    await records.keep(next, record)
    state = next
    const alerts = differences.filter((difference) => !told.has(idOf(difference)))
    told = new Set(differences.map(idOf))
    yield { ...record, name, alerts: alerts.slice(0, maxAlerts) }
    if (round >= rounds) return
    await pause(everyMs, signal)
  }
}

/** The grace is reckoned from now. */
function followSettings(options: FollowOptions): ReconcileSettings {
  const settings = reconcileSettings({ graceMs: 0, ...options })
  for (const { side, at, source } of [settings.left, settings.right]) {
    if (at === undefined)
      throw new OncewardError('OPTION_INVALID', `--watch needs --${side}-at: it looks at rows that are new.`)
    if (source === '-') throw new OncewardError('OPTION_INVALID', '--watch cannot read standard input again.')
  }
  return { ...settings, samples: Math.min(settings.samples, 100) }
}

function nameOf({ left, right, on }: ReconcileSettings): string {
  // A digest, since a source may hold a password.
  const text = JSON.stringify([left.source, right.source, on])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

interface Round {
  readonly next: FollowState
  readonly record: RoundRecord
  readonly differences: readonly Difference[]
}

async function compareRound(settings: ReconcileSettings, state: FollowState): Promise<Round> {
  const nowMs = Date.now()
  const among = amongOf(state, settings)
  const asked = { ...settings, asOfMs: settings.asOfMs ?? nowMs }
  return comparing(asked, among === undefined ? {} : { among }, async (compared) => {
    const open: (readonly string[])[] = []
    const differences: Difference[] = []
    for await (const judged of compared.keys()) {
      const difference = differenceOf(judged, compared.judging)
      if (difference === undefined) continue
      if (open.length <= maxOpen) open.push(judged.rows.key)
      if (difference.kind !== 'pending' && differences.length < maxAlerts * 2) differences.push(difference)
    }
    const report = await compared.report()
    const [leftMs, rightMs] = [later(state.leftMs, compared.leftMs), later(state.rightMs, compared.rightMs)]
    const isKeepable = open.length <= maxOpen
    const next: FollowState = {
      open: isKeepable ? open : [],
      ...(isKeepable && leftMs !== undefined && { leftMs }),
      ...(isKeepable && rightMs !== undefined && { rightMs }),
    }
    const record = { at: timestamp(nowMs), isWhole: among === undefined, report }
    return { next, record, differences }
  })
}

function amongOf(
  { leftMs, rightMs, open }: FollowState,
  { graceMs = 0 }: ReconcileSettings,
): Among | undefined {
  if (leftMs === undefined && rightMs === undefined) return undefined
  const backMs = Math.max(graceMs, lateMs)
  const since = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms - backMs)
  return { leftSinceMs: since(leftMs), rightSinceMs: since(rightMs), keys: open }
}

function idOf({ kind, key, left, right }: Difference): string {
  return JSON.stringify([kind, key, left, right])
}
