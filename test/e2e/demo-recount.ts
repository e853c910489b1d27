import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DemoReport } from '../../src/demo/index.ts'

/*
 * Counts again what the demo says it counted, from the files alone and with none of its code, so that a mistake there
 * cannot agree with itself here.
 */

type Row = Readonly<Record<string, unknown>>
type Half = DemoReport['unguarded'] | DemoReport['guarded']

export interface Recount {
  readonly effects: number
  readonly duplicated: number
  readonly lost: number
}

export function rowsOf(path: string): readonly Row[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row)
}

/** `inDoubt` holds `effect order` of every doubt that the ledger lists. */
export function recount(half: Half, inDoubt: ReadonlySet<string>): Record<string, Recount> {
  const accepted = new Set<string>()
  for (const { order, status } of rowsOf(half.clientJournal)) {
    if (status === 200 || status === 201 || status === 202) accepted.add(String(order))
  }
  const rows = half.journals.flatMap((path) => rowsOf(path))
  const counts: Record<string, Recount> = {}
  for (const effect of ['charge', 'dispatch', 'mail']) {
    const orders = rows.filter((row) => row['effect'] === effect).map((row) => String(row['order']))
    const distinct = new Set(orders)
    const duplicated = [...distinct].filter((order) => orders.indexOf(order) !== orders.lastIndexOf(order))
    const lost = [...accepted].filter((order) => !distinct.has(order) && !inDoubt.has(`${effect} ${order}`))
    counts[effect] = { effects: orders.length, duplicated: duplicated.length, lost: lost.length }
  }
  return counts
}

/** Process ids of everything that the runs below `folder` started. */
export function startedPids(folder: string): readonly number[] {
  const place = join(folder, '.onceward', 'demo')
  const runs = readdirSync(place).filter((name) => name.startsWith('run-'))
  const rows = runs.flatMap((name) => rowsOf(join(place, name, 'processes.jsonl')))
  return rows.filter((row) => row['event'] === 'started').map((row) => Number(row['pid']))
}

/** Those that still run once `patienceMs` have passed; at once, when none does. */
export async function stillRunning(pids: readonly number[], patienceMs: number): Promise<readonly number[]> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const left = pids.filter(isRunning)
    if (left.length === 0 || performance.now() > untilMs) return left
    await sleep(20)
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
