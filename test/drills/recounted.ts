import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DrillResult } from '../../src/drills/report.ts'

type Line = Readonly<Record<string, unknown>>

function linesOf(folder: string, name: string): readonly Line[] {
  const path = join(folder, name)
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

/** Counts the evidence of a drill by what docs/reference/json.md says of it, with nothing of the product's own. */
export function recounted(folder: string): Partial<DrillResult> {
  const seen = new Map<unknown, number>()
  const peer = linesOf(folder, 'peer.jsonl')
  for (const { key } of peer) seen.set(key, (seen.get(key) ?? 0) + 1)
  const states = new Map<unknown, unknown[]>()
  for (const { ref, state } of linesOf(folder, 'ledger.jsonl'))
    states.set(ref, [...(states.get(ref) ?? []), state])
  const told = new Map<unknown, Line>()
  for (const line of linesOf(folder, 'events.jsonl'))
    if (line['type'] === 'acknowledged') told.set(line['key'], line)
  let lost = 0
  for (const [key, { ref }] of told) if (!seen.has(key) || states.get(ref)?.at(-1) !== 'succeeded') lost += 1
  return {
    effects: peer.length,
    duplicated: [...seen.values()].filter((count) => count > 1).length,
    acknowledged: told.size,
    lost,
    inDoubt: [...states.values()].filter((all) => all.includes('in_doubt')).length,
  }
}

/** The signals that the drill's own journal of processes has. */
export function signalsIn(folder: string): readonly unknown[] {
  return linesOf(folder, 'processes.jsonl')
    .filter(({ pid, at }) => typeof pid === 'number' && typeof at === 'string')
    .map(({ signal }) => signal)
}

/** The processes that the drill's own journal has, so far. */
export function pidsIn(folder: string): readonly number[] {
  return [...new Set(linesOf(folder, 'processes.jsonl').map(({ pid }) => Number(pid)))]
}

/** The evidence of the only run of a drill below a folder. */
export function evidenceIn(folder: string, name: string): string {
  const runs = join(folder, '.onceward', 'drills')
  const [run = ''] = readdirSync(runs).filter((found) => found.startsWith('run-'))
  return join(runs, run, name)
}

export function planIn(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))
}
