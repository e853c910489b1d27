import type { Intent } from '../ledger/intent.ts'
import type { Attempt, Effect, OperationOptions } from '../ledger/onceward.ts'
import type { SafetyKind, VerifyAnswer, VerifyQuestion } from '../ledger/safety.ts'
import { insertEffect } from './effect-rows.ts'
import type { LedgerSettings } from './settings.ts'
import { type PeerClient, performAt } from './peer/client.ts'
import type { PeerMode } from './peer/protocol.ts'

/** One effect that a workload has for each key, and what its target guarantees. */
export interface Part {
  /** '' for the whole of a plain run, else the step. */
  readonly step: string
  readonly safety: SafetyKind
}

/** A kind of guarded work: what one call of it does to the outside world. */
export interface Workload {
  readonly id: WorkloadId
  readonly parts: readonly Part[]
  readonly hasSteps: boolean
  /** What a call comes to: the peer's ids of its effects, in the order of `parts`. */
  effect(key: string, tools: WorkTools): Effect<WorkValue>
}

export interface WorkTools {
  readonly peer: PeerClient
  /** How long the slowest request to a verifiable target lives. */
  readonly settleMs: number
  /** The table of effects that are rows of the user's own. */
  readonly rowsTable: string
  /** Goes into results, to make them larger. */
  readonly padding: string
}

export interface WorkValue {
  readonly effectIds: readonly string[]
  readonly padding?: string
}

export const workloadIds = [
  'transactional',
  'keyed',
  'verifiable',
  'blind',
  'steps-keyed',
  'steps-blind',
  'steps-mixed',
] as const
export type WorkloadId = (typeof workloadIds)[number]

/** The name under which the peer's journal has the effect of `part` for `key`. */
export function effectName(key: string, part: Pick<Part, 'step'>): string {
  return part.step === '' ? key : `${key}/${part.step}`
}

function plain(safety: PeerMode): Workload {
  return {
    id: safety,
    parts: [{ step: '', safety }],
    hasSteps: false,
    effect:
      (key, { peer, padding }) =>
      async (attempt) => {
        const { effectId } = await performAt(peer, { key, effectKey: attempt.effectKey, mode: safety })
        return padding === '' ? { effectIds: [effectId] } : { effectIds: [effectId], padding }
      },
  }
}

const transactional: Workload = {
  id: 'transactional',
  parts: [{ step: '', safety: 'transactional' }],
  hasSteps: false,
  effect:
    (key, { rowsTable }) =>
    (attempt) =>
      attempt.transaction((client: unknown): WorkValue | Promise<WorkValue> => {
        const row = { at: new Date().toISOString(), key, effectId: `row-${key}-${attempt.number}` }
        const value = { effectIds: [row.effectId] }
        return insertEffect(client, rowsTable, row)?.then(() => value) ?? value
      }),
}

/** One step, two at once, one step. */
function stepped(id: WorkloadId, safeties: readonly [PeerMode, PeerMode, PeerMode, PeerMode]): Workload {
  const names = ['reserve', 'charge', 'ship', 'mail'] as const
  const run = async (
    attempt: Attempt,
    context: { key: string; tools: WorkTools; step: number },
  ): Promise<string> => {
    const { key, tools, step } = context
    const name = names[step] as string
    const mode = safeties[step] as PeerMode
    const safety = mode === 'verifiable' ? verifiable(tools) : mode
    const { effectId } = await attempt.step(name, { safety, input: { step } }, ({ effectKey }) =>
      performAt(tools.peer, { key: effectName(key, { step: name }), effectKey, mode }),
    )
    return effectId
  }
  return {
    id,
    parts: names.map((step, index) => ({ step, safety: safeties[index] as PeerMode })),
    hasSteps: true,
    effect: (key, tools) => async (attempt) => {
      const first = await run(attempt, { key, tools, step: 0 })
      const both = await Promise.all([1, 2].map((step) => run(attempt, { key, tools, step })))
      const last = await run(attempt, { key, tools, step: 3 })
      return { effectIds: [first, ...both, last] }
    },
  }
}

const workloads: Readonly<Record<WorkloadId, Workload>> = {
  transactional,
  keyed: plain('keyed'),
  verifiable: plain('verifiable'),
  blind: plain('blind'),
  'steps-keyed': stepped('steps-keyed', ['keyed', 'keyed', 'keyed', 'keyed']),
  'steps-blind': stepped('steps-blind', ['blind', 'blind', 'blind', 'blind']),
  'steps-mixed': stepped('steps-mixed', ['keyed', 'verifiable', 'blind', 'keyed']),
}

export function workloadOf(id: WorkloadId): Workload {
  return workloads[id]
}

interface Verifiable {
  readonly kind: 'verifiable'
  readonly settleMs: number
  verify(question: VerifyQuestion): Promise<VerifyAnswer>
}

function verifiable({ peer, settleMs }: WorkTools): Verifiable {
  return {
    kind: 'verifiable',
    settleMs,
    verify: async ({ key, step }) => {
      const { effectId } = await peer.ask<'ask'>({
        op: 'ask',
        key: effectName(String(key), { step: step ?? '' }),
      })
      if (effectId === null) return { happened: false }
      return { happened: true, value: step === undefined ? { effectIds: [effectId] } : { effectId } }
    },
  }
}

/** The operations as an instance is given them: one for each workload, so that sweeps can act on all of them. */
export function drillOperations(
  tools: WorkTools,
  settings: Pick<LedgerSettings, 'leaseMs' | 'retry' | 'keyLifetimeMs'>,
): Record<string, OperationOptions> {
  const { leaseMs, retry = 'never', keyLifetimeMs } = settings
  const keyed = { kind: 'keyed', ...(keyLifetimeMs === undefined ? {} : { keyLifetimeMs }) } as const
  const entries = Object.values(workloads).map(({ id, parts, hasSteps }): [string, OperationOptions] => {
    // A stepped operation waits for its targets as long as its own safety says.
    const asks = parts.some((part) => part.safety === 'verifiable')
    const kind = hasSteps ? 'blind' : (parts[0]?.safety ?? 'blind')
    const safety = asks ? verifiable(tools) : kind === 'keyed' ? keyed : kind
    return [id, { safety, steps: hasSteps, leaseMs, retry }]
  })
  return Object.fromEntries(entries)
}

/** The intent of one key. Its input is the key's own, so that no two are twins. */
export function drillIntent(workload: WorkloadId, key: string): Intent {
  return { operation: workload, key, input: { key }, subject: `drill:${key}` }
}
