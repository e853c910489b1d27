import { OncewardError } from '../../kernel/errors.ts'
import { timestamp } from '../../kernel/time.ts'
import type { Rejections, Source } from '../sources/source.ts'
import { countText } from '../values/format.ts'
import { type Decisions, decisions as realDecisions } from './decisions.ts'
import { joinInRows } from './join-in-rows.ts'
import type { Among, Joined, SideCount } from './joined.ts'
import { differenceOf, type Judged, judgeKey, type Judging } from './judge.ts'
import { type ReconcileOptions, type ReconcileSettings, reconcileSettings } from './options.ts'
import { type Opened, type ReconcilePlan, reconcilePlan } from './plan.ts'
import type { Difference, ReconcileReport, SideReport } from './report.ts'
import { openSide, type Side } from './side.ts'
import { Tally } from './tally.ts'
import { later } from './times.ts'

/**
 * Compares two sources by key and says what is missing, extra, duplicated or different. Reads only. Throws as
 * `openSource` does, and `OPTION_INVALID` for columns that are not there. `onDifference` is given every difference.
 */
export async function reconcile(
  options: ReconcileOptions,
  onDifference?: (difference: Difference) => void | Promise<void>,
): Promise<ReconcileReport> {
  const settings = reconcileSettings(options)
  return comparing(settings, {}, async (compared) => {
    for await (const judged of compared.keys()) {
      const difference = onDifference && differenceOf(judged, compared.judging)
      if (difference !== undefined) await onDifference?.(difference)
    }
    return compared.report()
  })
}

/** Every difference, as it is found. */
export async function* differences(options: ReconcileOptions): AsyncGenerator<Difference, void, undefined> {
  const settings = reconcileSettings(options)
  const sides = await openBoth(settings)
  try {
    const compared = await compare(sides, settings, {})
    try {
      for await (const judged of compared.keys()) {
        const difference = differenceOf(judged, compared.judging)
        if (difference !== undefined) yield difference
      }
    } finally {
      await compared.close()
    }
  } finally {
    await closeBoth(sides)
  }
}

export interface CompareOptions {
  /** Columns of the right side that are read along: of a clean-up, those that name a row. */
  readonly carried?: (right: Source) => readonly string[]
  readonly among?: Among
  /** For mutants. */
  readonly decisions?: Decisions
}

/** Two sources that have been joined. `keys` comes before `report`. */
export interface Compared {
  readonly opened: Opened
  readonly plan: ReconcilePlan
  readonly judging: Judging
  readonly leftMs: number | undefined
  readonly rightMs: number | undefined
  /** Every key that is no equal pair, judged and counted. */
  keys(this: void): AsyncIterable<Judged>
  report(this: void): Promise<ReconcileReport>
  close(this: void): Promise<void>
}

/** Opens both sides, joins them, gives `work` the result, and closes all, whatever happens. */
export async function comparing<T>(
  settings: ReconcileSettings,
  options: CompareOptions,
  work: (compared: Compared) => Promise<T>,
): Promise<T> {
  const sides = await openBoth(settings)
  try {
    const compared = await compare(sides, settings, options)
    try {
      return await work(compared)
    } finally {
      await compared.close()
    }
  } finally {
    await closeBoth(sides)
  }
}

interface Sides {
  readonly left: Side
  readonly right: Side
}

async function openBoth(settings: ReconcileSettings): Promise<Sides> {
  const left = await openSide(settings.left, settings.source)
  try {
    return { left, right: await openSide(settings.right, settings.source) }
  } catch (error) {
    await left.source.close()
    throw error
  }
}

async function closeBoth({ left, right }: Sides): Promise<void> {
  await left.source.close()
  await right.source.close()
}

async function compare(
  sides: Sides,
  settings: ReconcileSettings,
  { carried, among, decisions = realDecisions }: CompareOptions,
): Promise<Compared> {
  const startMs = performance.now()
  const opened = { left: sides.left.source, right: sides.right.source }
  const plan = reconcilePlan(opened, settings, carried?.(opened.right))
  const joined = await join(sides, { plan, settings, among })
  try {
    const rejections = { left: await opened.left.rejections(), right: await opened.right.rejections() }
    if (among === undefined) {
      refuseUnreadable(opened.left, joined.left, rejections.left)
      refuseUnreadable(opened.right, joined.right, rejections.right)
    }
    const judging = { plan, decisions, grace: graceOf(sides, joined, settings) }
    const tally = new Tally(settings.samples)
    return {
      opened,
      plan,
      judging,
      leftMs: joined.left.latestMs,
      rightMs: joined.right.latestMs,
      keys: () => judgedKeys(joined, judging, tally),
      report: () => {
        // Every key that was not listed is an equal pair of one row each.
        if (among === undefined) tally.addEqual(joined.left.rows - tally.rows.left)
        const durationMs = Math.round(performance.now() - startMs)
        return Promise.resolve(reportOf({ opened, joined, settings, rejections, tally, judging, durationMs }))
      },
      close: joined.close,
    }
  } catch (error) {
    await joined.close()
    throw error
  }
}

interface Joining {
  readonly plan: ReconcilePlan
  readonly settings: ReconcileSettings
  readonly among: Among | undefined
}

/** Where both lie in one database it is asked; DuckDB where it reads one of them already; else Node by itself. */
async function join({ left, right }: Sides, { plan, settings, among }: Joining): Promise<Joined> {
  const opened = { left: left.source, right: right.source }
  const { engine = 'auto' } = settings.source
  if (left.database !== undefined && left.database === right.database && engine === 'auto') {
    const { joinInPostgres } = await import('./join-in-sql.ts')
    return joinInPostgres(opened, plan, among)
  }
  const isDuckdb = engine === 'duckdb' || opened.left.engine === 'duckdb' || opened.right.engine === 'duckdb'
  if (!isDuckdb) return joinInRows(opened, plan, among)
  const { joinInDuckdb } = await import('./join-in-sql.ts')
  return joinInDuckdb(opened, plan, { options: settings.source, ...(among && { among }) })
}

async function* judgedKeys(
  joined: Joined,
  judging: Judging,
  tally: Tally,
): AsyncGenerator<Judged, void, undefined> {
  for await (const rows of joined.others()) {
    const key = judgeKey(rows, judging)
    tally.add(key, { left: rows.left.length, right: rows.right.length })
    const difference = tally.lacks(key.verdict) ? differenceOf(key, judging) : undefined
    if (difference !== undefined) tally.sample(difference)
    yield key
  }
}

/** A live side goes on until now. An export ends with its youngest row, and says nothing of what came later. */
function graceOf(sides: Sides, joined: Joined, settings: ReconcileSettings): Judging['grace'] {
  const { graceMs, asOfMs } = settings
  if (graceMs === undefined) return undefined
  const isLive = sides.left.isLive || sides.right.isLive
  const nowMs = Date.now()
  const latestMs = later(joined.left.latestMs, joined.right.latestMs) ?? nowMs
  return { asOfMs: asOfMs ?? (isLive ? nowMs : Math.min(nowMs, latestMs)), graceMs }
}

function refuseUnreadable(source: Source, { rows, withoutKey }: SideCount, rejections: Rejections): void {
  if (rows > 0 || withoutKey > 0 || rejections.count === 0) return
  const [first] = rejections.listed
  const message = `${source.name}: none of its ${rejections.count} rows can be read (line ${first?.line}: ${first?.why}).`
  throw new OncewardError('SOURCE_INVALID', message)
}

interface Reporting {
  readonly opened: Opened
  readonly joined: Joined
  readonly settings: ReconcileSettings
  readonly rejections: { readonly left: Rejections; readonly right: Rejections }
  readonly tally: Tally
  readonly judging: Judging
  readonly durationMs: number
}

function reportOf(at: Reporting): ReconcileReport {
  const { settings, tally, judging, joined } = at
  const { missing, extra, duplicated, uneven, mismatched } = tally.verdicts
  const [left, right] = [sideReport('left', at), sideReport('right', at)]
  const differing = missing + extra + duplicated + uneven + mismatched
  const unseen = left.withoutKey + right.withoutKey + left.rejectedRows + right.rejectedRows
  const { grace } = judging
  return {
    left,
    right,
    ...tally.verdicts,
    cardinality: tally.cardinality,
    samples: tally.samples,
    clean: differing === 0 && unseen === 0,
    engine: joined.engine,
    on: settings.on.map(pairText),
    compared: settings.compare.map(pairText),
    asOf: grace === undefined ? null : timestamp(grace.asOfMs),
    ...(grace !== undefined && { graceMs: grace.graceMs }),
    notes: notesOf(at, left, right),
    durationMs: at.durationMs,
  }
}

function pairText({ left, right }: { left: string; right: string }): string {
  return left === right ? left : `${left}=${right}`
}

function sideReport(side: 'left' | 'right', { opened, joined, rejections, tally }: Reporting): SideReport {
  const { rows, withoutKey, latestMs } = joined[side]
  return {
    source: opened[side].name,
    reading: opened[side].reading,
    rows: rows + withoutKey,
    keys: tally.keys[side],
    withoutKey,
    rejectedRows: rejections[side].count,
    rejected: rejections[side].listed,
    watermark: latestMs === undefined ? null : timestamp(latestMs),
  }
}

function notesOf({ opened, settings }: Reporting, left: SideReport, right: SideReport): string[] {
  const notes = [...opened.left.notes, ...opened.right.notes]
  for (const [name, { rows, withoutKey, source }] of [
    ['left', left],
    ['right', right],
  ] as const) {
    if (rows === 0) notes.push(`The ${name} side, ${source}, has no rows.`)
    if (withoutKey > 0)
      notes.push(`${countText(withoutKey)} rows of ${source} have no key and could not be compared.`)
  }
  if (settings.compare.length === 0)
    notes.push('Only keys were compared: --compare names the columns that must agree.')
  return notes
}
