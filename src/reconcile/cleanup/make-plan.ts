import { randomBytes } from 'node:crypto'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { label, oneOf } from '../../kernel/check.ts'
import { redactUrl } from '../../kernel/redact.ts'
import { timestamp } from '../../kernel/time.ts'
import { auditSettings } from '../audit/options.ts'
import { rolesOf, volatileColumns } from '../audit/roles.ts'
import { pairUp } from '../compare/pairing.ts'
import type { Judged } from '../compare/judge.ts'
import { type ReconcileOptions, type ReconcileSettings, reconcileSettings } from '../compare/options.ts'
import { type Compared, comparing } from '../compare/reconcile.ts'
import { differenceOf } from '../compare/judge.ts'
import type { Difference, ReconcileReport } from '../compare/report.ts'
import { timeOf } from '../compare/times.ts'
import { requireColumn } from '../sources/nearest.ts'
import type { Source } from '../sources/source.ts'
import { countText } from '../values/format.ts'
import { type Candidate, type CleanupDecisions, cleanupDecisions, ruleText } from './decisions.ts'
import {
  type CleanupAction,
  type CleanupPlan,
  idText,
  type KeepRule,
  type LeftOut,
  planDigest,
  type PlannedKey,
} from './plan.ts'
import { openTarget } from './open-target.ts'
import { digestOf, keysAtOnce, liveRows, portions, stale, type Target } from './target.ts'

export interface FixOptions {
  /** Columns of the right side that name a row. Default: the primary key. */
  readonly id?: readonly string[]
  /** Which row of a key stays. Default `first`. */
  readonly keep?: KeepRule
  /** The column that is set in removed rows. Default `deleted_at` where there is one; else rows are moved beside. */
  readonly mark?: string
  /** Call this URL for each row instead of changing the table. */
  readonly call?: string
  /** What the called service does with a key it knows: `keyed` deduplicates, `blind` (default) does not. */
  readonly callSafety?: 'keyed' | 'blind'
  /** The environment variable that is sent to it as `Authorization: Bearer …`. */
  readonly callToken?: string
  /** Columns in which repetitions may differ. */
  readonly ignore?: readonly string[]
}

const maxListed = 100

export interface Planned {
  readonly plan: CleanupPlan
  readonly report: ReconcileReport
}

/** Compares as `reconcile` does, and plans what takes away the rows that are there too often. Changes nothing. */
export function planCleanup(
  options: ReconcileOptions,
  fix: FixOptions = {},
  onDifference?: (difference: Difference) => void | Promise<void>,
): Promise<Planned> {
  return planWith(options, fix, { onDifference, decisions: cleanupDecisions })
}

/** `decisions` is for mutants. */
export async function planWith(
  options: ReconcileOptions,
  fix: FixOptions,
  { onDifference, decisions }: Omit<Gathering, 'fix'>,
): Promise<Planned> {
  const target = await openTarget(options.right)
  try {
    const asked = reconcileSettings(options)
    if ([asked.left.source, asked.right.source].includes('-'))
      throw new OncewardError('OPTION_INVALID', '--fix cannot read standard input again: name a file.')
    const shape = shapeOf(
      target,
      fix,
      asked.on.map((pair) => pair.right),
    )
    const settings = withoutMarked(asked, shape.mark)
    const columns = (right: Source): readonly string[] => [
      ...shape.idOf(right),
      ...twinColumns(right, { settings, shape, fix }),
    ]
    return await comparing(settings, { carried: columns }, async (compared) => {
      const gathered = await gather(compared, shape.idOf(compared.opened.right).length, {
        fix,
        onDifference,
        decisions,
      })
      const report = await compared.report()
      const idColumns = shape.idOf(compared.opened.right)
      const keys = await digested(gathered.keys, { target, compared, settings, idColumns, mark: shape.mark })
      const plan = planFrom({ ...gathered, keys }, { options, fix, shape, compared, report, idColumns })
      return { plan, report }
    })
  } finally {
    await target?.close()
  }
}

interface Shape {
  readonly action: CleanupAction
  readonly mark: string | undefined
  idOf(this: void, right: Source): readonly string[]
}

function shapeOf(target: Target | undefined, fix: FixOptions, keys: readonly string[]): Shape {
  const { id, keep = 'first', call, callSafety = 'blind', callToken } = fix
  oneOf(keep, ['first', 'last'] as const, '--keep')
  const idOf = (right: Source): readonly string[] => {
    const { effect } = rolesOf(right, auditSettings({ ref: keys }))
    const names = id ?? target?.primaryKey ?? (effect === undefined ? [] : [effect])
    if (names.length === 0)
      throw new OncewardError('OPTION_INVALID', `--id is needed: ${right.name} has no primary key.`)
    for (const name of names) requireColumn(name, '--id', { columns: right.columns, source: right.name })
    return names
  }
  const mark = markOf(target, fix)
  if (call !== undefined) {
    if (!URL.canParse(call) || !/^https?:$/.test(new URL(call).protocol))
      throw optionInvalid('--call', 'an http: or https: URL', redactUrl(call))
    oneOf(callSafety, ['keyed', 'blind'] as const, '--call-safety')
    return {
      action: {
        kind: 'call',
        url: call,
        safety: callSafety,
        ...(callToken !== undefined && { tokenEnv: callToken }),
      },
      mark,
      idOf,
    }
  }
  if (target === undefined) return { action: { kind: 'list' }, mark: undefined, idOf }
  if (mark !== undefined) return { action: { kind: 'mark', column: mark }, mark, idOf }
  const table = `onceward_removed_${target.bareTable}`
  return { action: { kind: 'move', table: label(table, 'the name of the table beside', 63) }, mark, idOf }
}

function markOf(target: Target | undefined, { mark }: FixOptions): string | undefined {
  if (mark === undefined) return target?.columns.includes('deleted_at') === true ? 'deleted_at' : undefined
  if (target === undefined)
    throw new OncewardError('OPTION_INVALID', '--mark needs a table of PostgreSQL or SQLite as --right.')
  const columns = target.columns.map((name) => ({ name, type: 'text' as const }))
  requireColumn(mark, '--mark', { columns, source: target.name })
  return mark
}

/** Rows that are removed already are not there. */
export function withoutMarked(settings: ReconcileSettings, mark: string | undefined): ReconcileSettings {
  if (mark === undefined) return settings
  const isFree = `"${mark.replaceAll('"', '""')}" IS NULL`
  const { where } = settings.right
  return {
    ...settings,
    right: { ...settings.right, where: where === undefined ? isFree : `(${where}) AND ${isFree}` },
  }
}

interface Twins {
  readonly settings: ReconcileSettings
  readonly shape: Shape
  readonly fix: FixOptions
}

/**
 * In what a repetition equals its twin: everything but its id, its key of idempotency, its time, who did it, and what
 * changes with each attempt by its name. Whatever else may differ is named by the user.
 */
function twinColumns(right: Source, { settings, shape, fix: { ignore = [] } }: Twins): string[] {
  for (const name of ignore) requireColumn(name, '--ignore', { columns: right.columns, source: right.name })
  const keys = settings.on.map((pair) => pair.right)
  const roles = rolesOf(right, auditSettings({ ref: keys }))
  const free = new Set([
    ...keys,
    ...shape.idOf(right),
    ...[shape.mark, settings.right.at, roles.effect, roles.key, roles.at, roles.worker].flatMap(
      (name) => name ?? [],
    ),
    ...ignore,
    ...volatileColumns(right, roles),
  ])
  return right.columns.map(({ name }) => name).filter((name) => !free.has(name))
}

interface Gathering {
  readonly fix: FixOptions
  readonly onDifference: ((difference: Difference) => void | Promise<void>) | undefined
  readonly decisions: CleanupDecisions
}

interface Gathered {
  readonly keys: readonly (Omit<PlannedKey, 'keep' | 'remove'> & {
    readonly keep: readonly Candidate[]
    readonly remove: readonly { readonly row: Candidate; readonly twin: Candidate }[]
  })[]
  readonly leftOut: readonly LeftOut[]
}

async function gather(
  compared: Compared,
  idWidth: number,
  { fix: { keep = 'first' }, onDifference, decisions }: Gathering,
): Promise<Gathered> {
  const keys: Gathered['keys'][number][] = []
  const leftOut: LeftOut[] = []
  for await (const judged of compared.keys()) {
    const difference = differenceOf(judged, compared.judging)
    if (difference !== undefined) await onDifference?.(difference)
    const { key, left, right } = judged.rows
    if (left.length === 0 && right.length > 0 && judged.verdict === 'extra')
      leftOut.push({ key, rows: right.length, why: 'the left side has no row of it' })
    if (left.length === 0 || right.length <= left.length) continue
    const ordered = orderedRows(judged, compared, { idWidth, keep, decisions })
    const kept = ordered.slice(0, left.length)
    const twins = ordered.slice(left.length).map((row) => ({ row, twin: decisions.twinOf(row, kept) }))
    const remove = twins.flatMap(({ row, twin }) => (twin === undefined ? [] : [{ row, twin }]))
    if (remove.length < twins.length) {
      const why = `rows differ from those that stay in ${differing(ordered, compared, idWidth).join(', ')}`
      leftOut.push({ key, rows: twins.length - remove.length, why })
    }
    const alone = twins.flatMap(({ row, twin }) => (twin === undefined ? [row] : []))
    if (remove.length > 0) keys.push({ key, left: left.length, keep: [...kept, ...alone], remove })
  }
  return { keys, leftOut }
}

interface Ordering {
  readonly idWidth: number
  readonly keep: KeepRule
  readonly decisions: CleanupDecisions
}

/** Each row of the left side backs one of the right: of several that agree with it, the one that the rule prefers. */
function orderedRows(
  { rows }: Judged,
  { plan, judging }: Compared,
  { idWidth, keep, decisions }: Ordering,
): Candidate[] {
  const start = (plan.right.at === undefined ? 0 : 1) + plan.right.compared.length
  const preferred = decisions.orderToKeep(
    rows.right.map((row) => ({
      id: row.slice(start, start + idWidth).map((cell) => cell ?? ''),
      atMs: timeOf(row, plan.right),
      isBacked: false,
      cells: row.slice(start + idWidth),
      row,
    })),
    keep,
  )
  const pairs = pairUp(
    rows.left,
    preferred.map(({ row }) => row),
    { plan, agrees: judging.decisions.agrees },
  )
  const candidates = preferred.map((one, at) => ({ ...one, isBacked: pairs.includes(at) }))
  return decisions.orderToKeep(candidates, keep)
}

function differing(rows: readonly Candidate[], { plan }: Compared, idWidth: number): string[] {
  return plan.right.carried
    .slice(idWidth)
    .filter((_, at) => rows.some(({ cells }) => cells[at] !== rows[0]?.cells[at]))
}

interface Digesting {
  readonly target: Target | undefined
  readonly compared: Compared
  readonly settings: ReconcileSettings
  readonly idColumns: readonly string[]
  readonly mark: string | undefined
}

/** Digests of whole rows, where the rows can be asked for; else of what was read of them. */
async function digested(
  keys: Gathered['keys'],
  { target, compared, settings, idColumns, mark }: Digesting,
): Promise<PlannedKey[]> {
  const planned: PlannedKey[] = []
  const { key: keyColumns } = compared.plan.right
  const live = { keyColumns, idColumns, mark, where: settings.right.where }
  const names = compared.plan.right.carried.slice(idColumns.length)
  for (const some of portions(keys, keysAtOnce(keyColumns))) {
    const found =
      target &&
      (await liveRows(
        target,
        some.map(({ key }) => key),
        { live, lock: false },
      ))
    for (const { key, left, keep, remove } of some) {
      const rows = found?.get(JSON.stringify(key)) ?? []
      const digestFor = (row: Candidate): string => {
        if (target === undefined)
          return digestOf(Object.fromEntries(names.map((name, at) => [name, row.cells[at] ?? null])), names)
        const same = rows.find(({ id }) => idText(id) === idText(row.id))
        if (same === undefined || rows.length !== keep.length + remove.length)
          throw stale(`key ${key.join(', ')} has changed while it was compared`)
        return same.digest
      }
      planned.push({
        key,
        left,
        keep: keep.map((row) => ({ id: row.id, digest: digestFor(row) })),
        remove: remove.map(({ row, twin }) => ({ id: row.id, digest: digestFor(row), twin: twin.id })),
      })
    }
  }
  return planned
}

interface Planning {
  readonly options: ReconcileOptions
  readonly fix: FixOptions
  readonly shape: Shape
  readonly compared: Compared
  readonly report: ReconcileReport
  readonly idColumns: readonly string[]
}

function planFrom(
  { keys, leftOut }: { readonly keys: readonly PlannedKey[]; readonly leftOut: readonly LeftOut[] },
  { options, fix, shape, compared, report, idColumns }: Planning,
): CleanupPlan {
  const { onProgress: _, signal: __, ...question } = options
  const keep = keys.reduce((sum, key) => sum + key.keep.length, 0)
  const remove = keys.reduce((sum, key) => sum + key.remove.length, 0)
  const plan: Omit<CleanupPlan, 'digest'> = {
    onceward: 'clean-up/v1',
    id: `plan_${randomBytes(8).toString('hex')}`,
    madeAt: timestamp(Date.now()),
    what: whatText(shape.action, report.right.source, remove),
    why: `${countText(keys.length)} keys of ${report.right.source} have more rows than ${report.left.source} has, and the rows that are too many repeat one that stays.`,
    question: { ...question, left: withoutPassword(options.left), right: withoutPassword(options.right) },
    action: shape.action,
    mark: shape.mark ?? null,
    idColumns,
    twinColumns: compared.plan.right.carried.slice(idColumns.length),
    ignored: fix.ignore ?? [],
    keepRule: fix.keep ?? 'first',
    rule: ruleText(fix.keep ?? 'first'),
    expected: { keys: keys.length, keep, remove },
    keys,
    leftOut: { keys: leftOut.length, listed: leftOut.slice(0, maxListed) },
  }
  return { ...plan, digest: planDigest(plan) }
}

function whatText(action: CleanupAction, source: string, count: number): string {
  const rows = `${countText(count)} rows of ${source}`
  if (action.kind === 'mark') return `set ${action.column} in ${rows}`
  if (action.kind === 'move') return `move ${rows} into the table ${action.table}`
  return action.kind === 'call' ? `call ${redactUrl(action.url)} for ${rows}` : `list ${rows}`
}

/** The driver takes it from PGPASSWORD or a password file, or `--left` and `--right` give it again. */
export function withoutPassword(source: string): string {
  if (!/^[a-z]+:\/\//i.test(source) || !URL.canParse(source)) return source
  const url = new URL(source)
  url.password = ''
  url.searchParams.delete('password')
  return url.href
}
