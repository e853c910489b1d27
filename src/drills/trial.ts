import type { AwaitFault } from './await-points.ts'
import type { Child } from './children.ts'
import { type Stage, startWorker } from './stage.ts'
import { type Answer, type AnswerMessage, isAnswer } from './worker-protocol.ts'
import { effectName, type WorkloadId, workloadOf } from './workloads.ts'
import type { EffectPlan } from './peer/protocol.ts'

/** One fault, for one key of its own. */
export interface Fault {
  /** Part of the key. */
  readonly name: string
  /** For messages. */
  readonly what: string
  readonly inCall?: AwaitFault
  /** What the peer does when the request for the effect of `step` comes. */
  readonly inEffect?: { readonly step: string; readonly plan: EffectPlan }
}

/** One operation in a process of its own, and how it went for its caller. */
export interface Trial {
  readonly key: string
  readonly fault: string
  readonly answers: readonly Answer[]
  /** The worker did not live to answer. */
  readonly crashed: boolean
  /** Awaits up to the answer; 0 without one. */
  readonly points: number
}

export interface TrialContext {
  readonly stage: Stage
  readonly workload: WorkloadId
  /** As of `stage.nextRun`. */
  readonly run: number
}

/** Runs one operation with one fault. Its process has been ended by SIGKILL when this resolves. */
export async function runTrial({ stage, workload, run }: TrialContext, fault: Fault): Promise<Trial> {
  const key = `${workload}-${run}-${fault.name}`
  if (fault.inEffect !== undefined) {
    const { step, plan } = fault.inEffect
    await stage.peer.client.ask<'plan'>({ op: 'plan', key: effectName(key, { step }), plan })
  }
  const worker = startWorker(stage, {
    name: key,
    workload,
    keys: [key],
    ...(fault.inCall === undefined ? {} : { fault: fault.inCall }),
  })
  const answered = await answerOf(worker)
  if (answered === undefined) await mustHaveCrashed(worker)
  // The caller has its answer and the worker goes on: then it dies too.
  else await worker.kill()
  const messages: readonly AnswerMessage[] = answered === undefined ? [] : [answered]
  const answers = messages.map((message) => message.answer)
  return { key, fault: fault.what, answers, crashed: answered === undefined, points: answered?.points ?? 0 }
}

/** What a worker answers; nothing when it dies before. Throws for one that does neither. */
async function answerOf(worker: Child): Promise<AnswerMessage | undefined> {
  try {
    return await worker.take(isAnswer)
  } catch (error) {
    if (worker.hasEnded()) return undefined
    await worker.kill()
    throw error
  }
}

/** A worker that ended in another way than by its fault makes the whole drill worthless. */
async function mustHaveCrashed(worker: Child): Promise<void> {
  const { code, signal, errors } = await worker.ended
  if (signal === 'SIGKILL') return
  throw new Error(`${worker.name} ended by itself with ${signal ?? `exit code ${code}`}: ${errors}`)
}

/** The peer ends the worker: when the request has come, when the effect is done, and while it is still on its way. */
export function faultsInEffect(workload: WorkloadId): readonly Fault[] {
  return workloadOf(workload).parts.flatMap(({ step, safety }): Fault[] => {
    if (safety === 'transactional') return []
    const at = step === '' ? '' : `-${step}`
    const fault = (name: string, what: string, plan: EffectPlan): Fault => ({
      name: `${name}${at}`,
      what: `${what}${step === '' ? '' : ` (${step})`}`,
      inEffect: { step, plan },
    })
    return [
      fault('sent', 'SIGKILL when the request had come', { crashSender: 'before-journal' }),
      fault('done', 'SIGKILL between the effect and its answer', { crashSender: 'after-journal' }),
      fault('late', 'SIGKILL 50 ms before the effect', { crashSender: 'before-journal', delayMs: 50 }),
    ]
  })
}
