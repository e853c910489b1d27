import { OncewardError } from '../../kernel/errors.ts'
import type { Cell, Row, Source } from '../sources/source.ts'
import type { Among, Joined, KeyRows, SideCount } from './joined.ts'
import { cellColumns, type Opened, type ReconcilePlan, type SidePlan } from './plan.ts'
import { later, timeOf } from './times.ts'

/** As many as fit into the memory that Node takes by itself. */
const maxKeys = 4_000_000

/** The rows of a key. Most have one on each side, and an array for each would take most of the memory. */
class Both {
  left: Row | undefined
  right: Row | undefined
  #more: { readonly left: Row[]; readonly right: Row[] } | undefined

  add(side: 'left' | 'right', row: Row): void {
    if (this[side] === undefined) this[side] = row
    else (this.#more ??= { left: [], right: [] })[side].push(row)
  }

  get isPair(): boolean {
    return this.left !== undefined && this.right !== undefined && this.#more === undefined
  }

  rows(side: 'left' | 'right'): Row[] {
    const first = this[side]
    return first === undefined ? [] : [first, ...(this.#more?.[side] ?? [])]
  }
}

/** Both sides in memory, by their keys. With `among`, the rows of those keys only, found by a pass of their own. */
export async function joinInRows(opened: Opened, plan: ReconcilePlan, among?: Among): Promise<Joined> {
  const wanted = among === undefined ? undefined : await wantedKeys(opened, plan, among)
  const keys = new Map<string, Both>()
  const left = await gather(opened.left, plan.left, {
    side: 'left',
    keys,
    wanted,
    sinceMs: among?.leftSinceMs,
  })
  const right = await gather(opened.right, plan.right, {
    side: 'right',
    keys,
    wanted,
    sinceMs: among?.rightSinceMs,
  })
  return {
    engine: 'node',
    left,
    right,
    others: () => others(keys, plan),
    close: () => Promise.resolve(),
  }
}

interface Gathering {
  readonly side: 'left' | 'right'
  readonly keys: Map<string, Both>
  readonly wanted: ReadonlySet<string> | undefined
  /** Only rows from here on are counted. */
  readonly sinceMs: number | undefined
}

async function gather(
  source: Source,
  plan: SidePlan,
  { side, keys, wanted, sinceMs }: Gathering,
): Promise<SideCount> {
  const parts = plan.key.length
  let [rowCount, withoutKey] = [0, 0]
  let latestMs: number | undefined
  for await (const { rows } of source.scan([...plan.key, ...cellColumns(plan)])) {
    for (const row of rows) {
      const key = keyOf(row, parts)
      const cells = row.slice(parts)
      const ms = timeOf(cells, plan)
      latestMs = later(latestMs, ms)
      const isCounted = sinceMs === undefined || ms === undefined || ms >= sinceMs
      if (isCounted && key === undefined) withoutKey++
      if (isCounted && key !== undefined) rowCount++
      if (key !== undefined) {
        if (wanted !== undefined && !wanted.has(key)) continue
        let both = keys.get(key)
        if (both === undefined) keys.set(key, (both = new Both()))
        both.add(side, cells)
      }
    }
    if (keys.size > maxKeys) throw tooMany()
  }
  return { rows: rowCount, withoutKey, latestMs }
}

function tooMany(): OncewardError {
  return new OncewardError(
    'SOURCE_INVALID',
    `There are more than ${maxKeys} keys, too many for the memory of Node: --engine duckdb joins them, and spills to disk.`,
  )
}

export function keyOf(row: Row, parts: number): string | undefined {
  if (parts === 1) return row[0] ?? undefined
  const key = row.slice(0, parts)
  return key.includes(null) ? undefined : JSON.stringify(key)
}

async function* others(
  keys: ReadonlyMap<string, Both>,
  plan: ReconcilePlan,
): AsyncGenerator<KeyRows, void, undefined> {
  const composed = plan.left.key.length > 1
  for (const [key, both] of keys)
    if (!isEqualPair(both, plan))
      yield {
        key: composed ? (JSON.parse(key) as string[]) : [key],
        left: both.rows('left'),
        right: both.rows('right'),
      }
}

/** One row on each side, and the compared cells are the same text: most keys are so. */
function isEqualPair(both: Both, plan: ReconcilePlan): boolean {
  const { left, right, isPair } = both
  if (!isPair || left === undefined || right === undefined) return false
  const [from, to] = [startOf(plan.left), startOf(plan.right)]
  return plan.compare.every((_, at) => left[from + at] === right[to + at])
}

/** Where the compared cells begin. */
export function startOf({ at }: SidePlan): number {
  return at === undefined ? 0 : 1
}

export function comparedCells(cells: Row, plan: SidePlan): readonly Cell[] {
  const start = startOf(plan)
  return cells.slice(start, start + plan.compared.length)
}

async function wantedKeys(opened: Opened, plan: ReconcilePlan, among: Among): Promise<Set<string>> {
  const wanted = new Set(among.keys.map((key) => (key.length === 1 ? (key[0] ?? '') : JSON.stringify(key))))
  for (const side of ['left', 'right'] as const) {
    const since = side === 'left' ? among.leftSinceMs : among.rightSinceMs
    const { key, at } = plan[side]
    for await (const { rows } of opened[side].scan([...key, ...(at === undefined ? [] : [at])])) {
      for (const row of rows) {
        const name = keyOf(row, key.length)
        const ms = timeOf(row.slice(key.length), plan[side])
        if (name !== undefined && (since === undefined || ms === undefined || ms >= since)) wanted.add(name)
      }
    }
  }
  return wanted
}
