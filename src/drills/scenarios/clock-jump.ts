import { aftermath } from '../aftermath.ts'
import type { Child } from '../children.ts'
import type { Drill, DrillContext, Findings } from '../drill.ts'
import type { KeyHistory } from '../history.ts'
import type { Stage } from '../stage.ts'
import { isEvent } from '../worker-protocol.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

const hourMs = 3_600_000
const leaseBySizeMs = { small: 1_000, whole: 2_000, full: 2_000 } as const

/**
 * On PostgreSQL one worker's clock is wrong, and the server's judges. On SQLite the store's clock is the machine's, and
 * the whole machine's jumps: leases lapse at once or hold for an hour longer, and still nothing happens twice.
 */
export const clockJump: Drill = {
  id: 'clock-jump',
  fault: 'wall clocks jump by an hour, forward and back, during effects and before claims',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'L1', 'S2'],
  run,
}

interface Jump {
  readonly workload: WorkloadId
  readonly jumpMs: number
}

async function run(context: DrillContext): Promise<Findings> {
  const workloads: readonly WorkloadId[] =
    context.size === 'small' ? ['blind'] : ['blind', 'keyed', 'verifiable']
  const jumps = workloads.flatMap((workload) => [hourMs, -hourMs].map((jumpMs) => ({ workload, jumpMs })))
  const leaseMs = leaseBySizeMs[context.size]
  context.plan({ jumps, leaseMs })
  const isServers = context.place.kind === 'postgres'
  const stage = await context.stage({ leaseMs })
  context.say('clocks jump in the middle of effects, and others call')
  const during = await Promise.all(jumps.map((jump) => jumpDuringEffect(stage, jump, isServers)))
  const histories: KeyHistory[] = []
  for (const affair of during) histories.push(...(await aftermath(stage, affair)))
  if (isServers) {
    context.say('workers with wrong clocks die')
    await Promise.all(jumps.map((jump) => dieWithWrongClock(stage, jump)))
    for (const workload of workloads) {
      const keys = jumps.filter((jump) => jump.workload === workload).map((jump) => `dead-${nameOf(jump)}`)
      const affair = { workload, keys, fault: 'wrong clock, SIGKILL', answers: [] } as const
      histories.push(...(await aftermath(stage, { ...affair, mayDoubt: 'where-open' })))
    }
  }
  return { stage, histories, faults: histories.length }
}

const nameOf = ({ workload, jumpMs }: Jump): string => `${workload}${jumpMs > 0 ? '-forward' : '-back'}`

function setClock(worker: Child, offsetMs: number): void {
  worker.send({ kind: 'clock', offsetMs } as { readonly kind: string })
}

/** The owner's clock jumps while its target is at work; another worker, whose clock is as wrong, calls. */
async function jumpDuringEffect(
  stage: Stage,
  jump: Jump,
  isServers: boolean,
): Promise<Parameters<typeof aftermath>[1]> {
  const { workload, jumpMs } = jump
  const key = `during-${nameOf(jump)}`
  const { client } = stage.peer
  const [owner, caller] = await Promise.all([
    readyWorker(stage, { name: `owner-${key}`, workload, keys: [key] }),
    readyWorker(stage, { name: `caller-${key}`, workload, keys: [key], waitMs: 10_000 }),
  ])
  await client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
  go(owner)
  await client.ask<'arrived'>({ op: 'arrived', key })
  // On PostgreSQL only the caller's: the owner goes on renewing, so that there is never a reason to take over.
  if (!isServers) setClock(owner, jumpMs)
  setClock(caller, jumpMs)
  go(caller)
  await caller.take(isEvent('waiting', 'claimed', 'asked', 'in_doubt'))
  if (isServers) setClock(owner, jumpMs)
  await client.ask<'release'>({ op: 'release', key })
  const answers = [...(await answersOf(owner, 1)), ...(await answersOf(caller, 1))]
  await Promise.all([owner.kill(), caller.kill()])
  const mayDoubt = isServers ? 'never' : 'anywhere'
  return { workload, keys: [key], fault: `clock ${jumpMs > 0 ? '+' : '-'}1 h`, mayDoubt, answers }
}

/** Whatever its clock said when it claimed: its lease ends by the server's, neither an hour late nor at once. */
async function dieWithWrongClock(stage: Stage, jump: Jump): Promise<void> {
  const { workload, jumpMs } = jump
  const key = `dead-${nameOf(jump)}`
  const plan = { crashSender: 'after-journal' } as const
  await stage.peer.client.ask<'plan'>({ op: 'plan', key, plan })
  const worker = await readyWorker(stage, { name: key, workload, keys: [key], clockOffsetMs: jumpMs })
  go(worker)
  await worker.ended
}
