import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Work is held for a while: a lease, a message that others do not see. The work takes longer than that, mostly since
 * something became slow; the hold ends, somebody else takes the same work up while the first still does it, and both
 * finish.
 */

interface Hold {
  readonly intent: Intent
  readonly worker: Worker
  readonly at: number
  readonly tookMs: number
  readonly attempt: number
}

interface Holds {
  readonly leaseMs: number
  readonly holds: readonly Hold[]
}

function holdsOf(world: World): Holds {
  const { random, onsetMs, workers } = world
  const leaseMs = random.pick([10_000, 20_000, 30_000, 60_000, 120_000])
  const usualMs = Math.round(leaseMs * random.between(0.1, 0.3))
  const slowMs = Math.round(leaseMs * random.between(0.6, 0.9))
  const spread = random.between(0.3, 0.5)
  const holds = world.traffic({ medianMs: usualMs }).flatMap((intent): Hold[] => {
    const isSlow = intent.at >= onsetMs
    const tookMs = isSlow
      ? random.logNormal(slowMs, spread)
      : Math.min(intent.durationMs, Math.round(leaseMs * 0.9))
    const found: Hold[] = [{ intent, worker: intent.worker, at: intent.at, tookMs, attempt: 1 }]
    let last = tookMs
    let at = intent.at
    // The next one takes its own time, which may be too long again.
    for (let attempt = 2; attempt <= 4 && last > leaseMs; attempt++) {
      at += leaseMs + random.int(5, 900)
      last = random.logNormal(slowMs, spread)
      const others = workers.filter((one) => one !== found.at(-1)?.worker)
      found.push({ intent, worker: random.pick(others), at, tookMs: last, attempt })
    }
    return found
  })
  return { leaseMs, holds }
}

function effectsOf(world: World, { holds }: Holds, isAtStart: boolean): readonly Row[] {
  return holds.map(({ intent, worker, at, tookMs }) =>
    world.effect(intent, {
      at: isAtStart ? at + 60 : at + tookMs,
      worker: worker.id,
      host: worker.host,
      durationMs: tookMs,
    }),
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`${domain.effects} by two workers`)
  world.summary(`Slow work is ${domain.verb} more than once.`)
}

/** A queue: what was received how often, how long it took, and the setting. */
function visibility(world: World): void {
  const { random } = world
  const found = holdsOf(world)
  title(world)
  world.known({ leaseMs: found.leaseMs })
  world.addEffects(effectsOf(world, found, random.chance(0.5)), {
    keep: ['worker'],
    drop: ['durationMs'],
  })
  const rows = found.holds.map(({ intent, worker, at, tookMs, attempt }) => {
    return world.delivery(intent, {
      event: world.id('event', intent.n),
      at,
      attempt,
      durationMs: tookMs,
      worker: worker.id,
    })
  })
  world.add({
    kind: 'deliveries',
    name: 'received',
    rows,
    isEssential: true,
    optional: ['bytes', 'kind', 'worker'],
  })
  world.config(
    'queue',
    { 'queue.visibility_timeout_seconds': found.leaseMs / 1000, 'queue.prefetch': 10 },
    true,
  )
}

/** A table of jobs with leases: a log of claims and of leases that ran out, and the records. */
function jobTable(world: World): void {
  const { random } = world
  const found = holdsOf(world)
  title(world)
  world.known({ leaseMs: found.leaseMs })
  world.addEffects(effectsOf(world, found, true), { keep: ['worker'], drop: ['durationMs'] })
  const lines = found.holds.flatMap(({ intent: { ref }, worker, at, tookMs, attempt }): Line[] => {
    if (attempt === 1 && tookMs <= found.leaseMs && !random.chance(0.3)) return []
    const done: Line = {
      at: at + tookMs,
      level: 'INFO',
      message: 'job done',
      ref,
      worker: worker.id,
      duration_ms: tookMs,
    }
    const claimed: Line = {
      at,
      level: 'INFO',
      message: `job claimed, lease ${found.leaseMs / 1000} s`,
      ref,
      worker: worker.id,
    }
    const lapsed: Line = {
      at,
      level: 'WARN',
      message: 'lease of another worker lapsed, taking the job over',
      ref,
      worker: worker.id,
      attempt,
    }
    return attempt === 1 ? [claimed, done] : [lapsed, claimed, done]
  })
  world.log('worker', lines, { isEssential: true })
  world.config('worker', { 'job.lease_ms': found.leaseMs, 'job.poll_ms': 500 }, random.chance(0.5))
}

/** The provider's calls became slow: their durations, the effects of two workers, and metrics. */
function slowCalls(world: World): void {
  const { random, fromMs, toMs, onsetMs } = world
  const found = holdsOf(world)
  title(world)
  world.known({ leaseMs: found.leaseMs })
  world.addEffects(effectsOf(world, found, false), { keep: ['worker'] })
  const calls = found.holds.map(({ intent, worker, at, tookMs, attempt }) =>
    world.request(intent, { at, attempt, durationMs: tookMs, worker: worker.id, host: worker.host }),
  )
  world.add({
    kind: 'requests',
    name: 'calls of the workers',
    rows: calls,
    isEssential: true,
    optional: ['session', 'host', 'version'],
  })
  world.config('broker', { ack_deadline_seconds: found.leaseMs / 1000 }, true)
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000)
    metrics.push({
      at,
      name: 'work_duration_p99_ms',
      value: Math.round(found.leaseMs * (at < onsetMs ? random.between(0.4, 0.8) : random.between(1.3, 2))),
    })
  world.add({ kind: 'metrics', name: 'durations', rows: metrics })
}

export const d09: Generator = {
  cause: 'D09',
  variants: [
    { name: 'visibility', make: visibility },
    { name: 'job-table', make: jobTable },
    { name: 'slow-calls', make: slowCalls },
  ],
}
