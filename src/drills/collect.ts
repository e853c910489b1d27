import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { OncewardEvent } from '../ledger/events.ts'
import type { KeyHistory, Look, MayDoubt, Moment, ObservedEffect } from './history.ts'
import { readJournal } from '../testing/journal.ts'
import type { Stage } from './stage.ts'
import type { Answer } from './worker-protocol.ts'
import { effectName, type WorkloadId, workloadOf } from './workloads.ts'

/** What is known of one key besides the journals. */
export interface Witness {
  readonly key: string
  readonly fault: string
  readonly mayDoubt?: MayDoubt
  /** Before the fault, and since. */
  readonly answersBefore: readonly Answer[]
  readonly answers: readonly Answer[]
  readonly rows: ReadonlyMap<Moment, Look>
  readonly otherInputs?: readonly Answer[]
}

/** Puts together what the target, the processes and the ledger have of each key. */
export async function collectHistories(
  stage: Stage,
  workload: WorkloadId,
  witnesses: readonly Witness[],
): Promise<readonly KeyHistory[]> {
  const { parts } = workloadOf(workload)
  const effects = Map.groupBy(await effectsOf(stage), ({ name }) => name)
  const events = Map.groupBy(
    eventsIn(stage.folder).filter((event) => event.operation === workload),
    (event) => event.key,
  )
  return witnesses.map(({ rows, ...witness }) => ({
    ...witness,
    workload,
    parts,
    effects: parts.flatMap((part) => effects.get(effectName(witness.key, part)) ?? []),
    events: (events.get(witness.key) ?? []).toSorted((a, b) => a.atUs - b.atUs),
    rows: [...rows].map(([moment, look]) => ({ moment, ...look })),
  }))
}

/** All effects of a stage so far, by their targets. */
export async function effectsOf(stage: Stage): Promise<readonly ObservedEffect[]> {
  const rows = await stage.rows.read()
  return [...stage.peer.effects(), ...rows].map(({ key, effectId }) => ({ name: key, effectId }))
}

/** The events of every process of a stage. */
export function eventsIn(folder: string): readonly OncewardEvent[] {
  const files = readdirSync(folder).filter((name) => name.startsWith('events-') && name.endsWith('.jsonl'))
  return files.flatMap((name) => readJournal<OncewardEvent>(join(folder, name)))
}
