import { count, label } from '../../kernel/check.ts'
import { OncewardError } from '../../kernel/errors.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import { type ReconcileOptions, reconcileSettings } from '../compare/options.ts'
import { comparing } from '../compare/reconcile.ts'
import type { ReconcileReport } from '../compare/report.ts'
import { countText } from '../values/format.ts'
import type { CallCounts } from './call.ts'
import { type CleanupDecisions, cleanupDecisions } from './decisions.ts'
import { createBeside, createJournal, idsIn, record, removeRows, restoreRows } from './journal.ts'
import { withoutMarked } from './make-plan.ts'
import { type CleanupPlan, idText, type PlannedKey } from './plan.ts'
import { openTarget } from './open-target.ts'
import { keysAtOnce, liveRows, portions, stale, type Target } from './target.ts'
import { liveOf, markOf, openRows, type Places, questionOf, verifyPlan } from './verify.ts'

export interface ApplyOptions extends Places {
  /** Who approves. Nothing is changed without. */
  readonly approve?: string
  /** Change something; else it is a dry run. */
  readonly execute?: boolean
  /** Rows in one transaction. Default 200, at most 500. */
  readonly batchRows?: number
  /** Rows to remove in all, at most. Default 10,000. */
  readonly cap?: number
  /** The ledger of the calls, where the plan is one of calls. */
  readonly once?: Onceward
  readonly onBatch?: (done: { readonly rows: number; readonly of: number }) => void
  readonly signal?: AbortSignal
}

/** What was found, and done. */
export interface CleanupResult {
  readonly plan: string
  readonly executed: boolean
  readonly by?: string
  readonly expected: CleanupPlan['expected']
  /** Rows that this plan had changed before. */
  readonly before: number
  /** Rows changed now; of a dry run, those that would be. */
  readonly rows: number
  readonly batches: number
  readonly calls?: CallCounts
  /** Each row that goes, beside the one that stays: the first hundred. */
  readonly evidence: readonly Evidence[]
  /** The two sides afterwards. */
  readonly after?: ReconcileReport
}

export interface Evidence {
  readonly key: readonly string[]
  readonly remove: readonly string[]
  readonly twin: readonly string[]
  readonly left: number
}

const maxEvidence = 100

/**
 * Without `execute`, checks every row of the plan against the data and changes nothing. With it, and a name, removes the
 * rows in batches: each is checked and changed in one transaction, beside its journal. What was done before is not done
 * again. Throws `CONFLICT` where the data is not what the plan was made from.
 */
export function applyPlan(plan: CleanupPlan, options: ApplyOptions = {}): Promise<CleanupResult> {
  return applyWith(plan, options, cleanupDecisions)
}

/** `decisions` is for mutants. */
export function applyWith(
  plan: CleanupPlan,
  options: ApplyOptions,
  decisions: CleanupDecisions,
): Promise<CleanupResult> {
  return withTarget(plan, options, async (at) => {
    const { cap = 10_000 } = options
    const { question, target } = at
    const removed = await verifyPlan({ plan, question, target, decisions })
    const open = plan.keys.flatMap((planned) => openRows(planned, removed))
    const dry = { ...resultOf(plan, options), before: removed.size, rows: open.length }
    if (options.execute !== true) return dry
    const by = approved(options)
    count(cap, '--cap', { min: 1, max: Number.MAX_SAFE_INTEGER })
    if (open.length > cap)
      throw new OncewardError(
        'OPTION_INVALID',
        `The plan removes ${countText(open.length)} rows, more than --cap ${cap} allows.`,
      )
    if (plan.action.kind === 'list')
      throw new OncewardError(
        'OPTION_INVALID',
        `${plan.question.right} cannot be changed from here; --recall writes the list.`,
      )
    if (plan.action.kind === 'call') {
      const { callRows } = await import('./call.ts')
      const calls = await callRows(plan, { ...options, by })
      return { ...dry, executed: true, by, calls, rows: calls.done, after: await compared(question, plan) }
    }
    const work = { ...at, target: needed(target), by, removed, decisions, options }
    const batches = await removeAll(plan, work)
    return { ...dry, executed: true, by, batches, after: await compared(question, plan) }
  })
}

/** The way back: rows that the plan has removed come back. A dry run without `execute`. Calls cannot be taken back. */
export function undoPlan(plan: CleanupPlan, options: ApplyOptions = {}): Promise<CleanupResult> {
  return withTarget(plan, options, async ({ question, target }) => {
    if (target === undefined || plan.action.kind === 'call' || plan.action.kind === 'list')
      throw new OncewardError('OPTION_INVALID', 'Only rows that were marked or moved can be brought back.')
    const removed = await idsIn(target, plan.id, 'removed')
    const rows = plan.keys.flatMap(({ key, remove }) =>
      remove.filter(({ id }) => removed.has(idText(id))).map((row) => ({ ...row, key })),
    )
    const dry = { ...resultOf(plan, options), before: removed.size, rows: rows.length }
    if (options.execute !== true) return dry
    const by = approved(options)
    let [batches, done] = [0, 0]
    for (const batch of portions(rows, batchSize(options))) {
      options.signal?.throwIfAborted()
      await target.transaction(async () => {
        await restoreRows(
          target,
          plan,
          batch.map(({ id }) => id),
        )
        await record(target, { plan, state: 'restored', by }, batch)
      })
      batches++
      done += batch.length
      options.onBatch?.({ rows: done, of: rows.length })
    }
    return { ...dry, executed: true, by, batches, after: await compared(question, plan) }
  })
}

interface Opened {
  readonly question: ReconcileOptions
  readonly target: Target | undefined
}

async function withTarget<T>(
  plan: CleanupPlan,
  options: ApplyOptions,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const question = questionOf(plan, options)
  const target = await openTarget(question.right)
  try {
    return await work({ question, target })
  } finally {
    await target?.close()
  }
}

function resultOf(plan: CleanupPlan, { approve }: ApplyOptions): CleanupResult {
  const evidence = plan.keys.flatMap(({ key, left, remove }) =>
    remove.map(({ id, twin }) => ({ key, remove: id, twin, left })),
  )
  return {
    plan: plan.id,
    executed: false,
    ...(approve !== undefined && { by: approve }),
    expected: plan.expected,
    before: 0,
    rows: 0,
    batches: 0,
    evidence: evidence.slice(0, maxEvidence),
  }
}

function approved({ approve }: ApplyOptions): string {
  if (approve === undefined)
    throw new OncewardError('OPTION_INVALID', '--execute needs --approve NAME: somebody answers for it.')
  return label(approve, '--approve', 255)
}

function needed(target: Target | undefined): Target {
  if (target === undefined)
    throw new OncewardError('OPTION_INVALID', 'The plan is about a table of PostgreSQL or SQLite.')
  return target
}

function batchSize({ batchRows = 200 }: ApplyOptions): number {
  return count(batchRows, '--batch', { min: 1, max: 500 })
}

interface Work extends Opened {
  readonly target: Target
  readonly by: string
  readonly removed: ReadonlySet<string>
  readonly decisions: CleanupDecisions
  readonly options: ApplyOptions
}

async function removeAll(plan: CleanupPlan, work: Work): Promise<number> {
  const { target, removed, options } = work
  await createJournal(target)
  if (plan.action.kind === 'move') await createBeside(target, plan.action.table)
  const open = plan.keys.filter((planned) => openRows(planned, removed).length > 0)
  const of = open.reduce((sum, planned) => sum + openRows(planned, removed).length, 0)
  let [batches, rows] = [0, 0]
  for (const batch of batchesOf(open, removed, batchSize(options))) {
    options.signal?.throwIfAborted()
    rows += await target.transaction(() => removeBatch(plan, batch, work))
    batches++
    options.onBatch?.({ rows, of })
  }
  return batches
}

/** Keys stay whole, so that what is checked of one is checked and changed together. */
function* batchesOf(
  keys: readonly PlannedKey[],
  removed: ReadonlySet<string>,
  size: number,
): Generator<readonly PlannedKey[]> {
  let [batch, rows]: [PlannedKey[], number] = [[], 0]
  for (const planned of keys) {
    const more = openRows(planned, removed).length
    if (batch.length > 0 && rows + more > size) {
      yield batch
      batch = []
      rows = 0
    }
    batch.push(planned)
    rows += more
  }
  if (batch.length > 0) yield batch
}

/** Inside a transaction: looks at the rows again, locked now, and changes them and the journal. */
async function removeBatch(
  plan: CleanupPlan,
  batch: readonly PlannedKey[],
  { target, question, by, decisions }: Work,
): Promise<number> {
  const removed = await idsIn(target, plan.id, 'removed')
  const live = liveOf(plan, reconcileSettings(question))
  for (const some of portions(batch, keysAtOnce(live.keyColumns))) {
    const found = await liveRows(
      target,
      some.map(({ key }) => key),
      { live, lock: true },
    )
    for (const planned of some) {
      const rows = found.get(JSON.stringify(planned.key)) ?? []
      const why = decisions.staleness(planned, { live: rows, removed })
      if (why !== undefined) throw stale(`of key ${planned.key.join(', ')} ${why}`)
    }
  }
  const rows = batch.flatMap((planned) =>
    openRows(planned, removed).map((row) => ({ ...row, key: planned.key })),
  )
  for (const some of portions(rows, 500)) {
    await removeRows(
      target,
      plan,
      some.map(({ id }) => id),
    )
    await record(target, { plan, state: 'removed', by }, some)
  }
  return rows.length
}

function compared(question: ReconcileOptions, plan: CleanupPlan): Promise<ReconcileReport> {
  const settings = withoutMarked(reconcileSettings(question), markOf(plan))
  return comparing(settings, {}, async ({ keys, report }) => {
    for await (const _ of keys());
    return report()
  })
}
