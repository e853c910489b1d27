import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Two schedulers take themselves for the only one. Each slot of the plan is started on two hosts, seconds apart at most,
 * and each run does all the items of its slot.
 */

interface Run {
  readonly id: string
  readonly host: string
  readonly slotMs: number
  readonly startMs: number
  readonly endMs: number
  readonly items: readonly Intent[]
  readonly stepMs: number
}

interface Plan {
  readonly runs: readonly Run[]
  readonly periodMs: number
  readonly hosts: readonly [string, string]
  readonly job: string
}

interface Doubling {
  readonly fromMs: number
  readonly toMs: number
}

/** Every period the items that came since the last slot; two runs of a slot while both are active. */
function planOf(world: World, both: Doubling): Plan {
  const { random } = world
  const periodMs = random.pick([5, 10, 15, 20]) * 60_000
  const hosts = [world.id('scheduler'), world.id('scheduler')] as const
  const items = world.traffic({ count: random.int(300, 1000) })
  const stepMs = random.int(60, 500)
  const offMs = random.int(40, 1500)
  const runs: Run[] = []
  const first = Math.ceil(world.fromMs / periodMs) * periodMs + periodMs
  for (let slotMs = first; slotMs < world.toMs - 60_000; slotMs += periodMs) {
    const own = items.filter(({ at }) => at >= slotMs - periodMs && at < slotMs)
    const isBoth = slotMs >= both.fromMs && slotMs < both.toMs
    for (const host of isBoth ? hosts : hosts.slice(0, 1)) {
      const startMs = slotMs + random.int(20, 900) + (host === hosts[0] ? 0 : offMs)
      const endMs = startMs + (own.length + 1) * stepMs
      runs.push({ id: world.id('run'), host, slotMs, startMs, endMs, items: own, stepMs })
    }
  }
  return { runs, periodMs, hosts, job: `${world.domain.effect}-${random.pick(['sweep', 'batch', 'due'])}` }
}

function effectsOf(world: World, { runs }: Plan): readonly Row[] {
  const { random } = world
  return runs.flatMap(({ id, host, startMs, stepMs, items }) =>
    items.map((intent, nth) =>
      world.effect(intent, {
        at: startMs + (nth + 1) * stepMs + random.int(0, Math.floor(stepMs / 3)),
        key: random.uuid(),
        run: id,
        host,
        worker: host,
      }),
    ),
  )
}

function title(world: World, { periodMs }: Plan): void {
  const { domain } = world
  world.title(`Each ${domain.effect} of a slot twice`)
  world.summary(`Every ${periodMs / 60_000} minutes a group of ${domain.thing}s is ${domain.verb} two times.`)
  world.known({ cronPeriodMs: periodMs })
}

/** A standby host is switched on with the same crontab; syslog of both. */
function twoCrontabs(world: World): void {
  const { random, domain, onsetMs, toMs } = world
  const plan = planOf(world, { fromMs: onsetMs, toMs })
  title(world, plan)
  world.addEffects(effectsOf(world, plan), { keep: ['host'], drop: ['key', 'run'] })
  const command = `/opt/${domain.service}/bin/${plan.job} --due`
  const started = random.pick<() => string>([
    () => `CRON[${random.int(900, 60_000)}]: (app) CMD (${command})`,
    () => `systemd[1]: Starting ${plan.job}.service`,
    () => `Job DEFAULT.${plan.job} fired by trigger DEFAULT.${plan.job}-trigger`,
    () => `Running job "${plan.job} (trigger: interval[${plan.periodMs / 60_000} min])"`,
  ])
  const lines = plan.runs.flatMap(({ host, startMs, endMs, items }): Line[] => [
    {
      at: startMs,
      level: 'INFO',
      message: started(),
      host,
    },
    { at: endMs, level: 'INFO', message: `${plan.job}: ${items.length} ${domain.thing}s done`, host },
  ])
  world.log('syslog of the schedulers', lines, { isEssential: true })
  if (random.chance(0.7))
    world.change({
      at: onsetMs - random.int(10, 200) * 1000,
      kind: 'scale',
      name: 'scheduler-standby',
      message: random.pick([
        'second host brought up from the image of the first',
        'standby host patched and started',
        'scheduler from 1 to 2 instances for availability',
      ]),
      host: plan.hosts[1],
    })
}

/** The leader stalls, another takes the lease, and the first goes on when it wakes. */
function twoLeaders(world: World): void {
  const { random, onsetMs, toMs } = world
  const untilMs = Math.min(toMs, onsetMs + random.int(60, 150) * 60_000)
  const plan = planOf(world, { fromMs: onsetMs, toMs: untilMs })
  title(world, plan)
  world.addEffects(effectsOf(world, plan), { drop: ['run'] })
  const [old, young] = plan.hosts
  const [won, missed, stopped] = random.pick([
    [
      `successfully acquired lease jobs/${plan.job}`,
      `failed to renew lease jobs/${plan.job}: context deadline exceeded`,
      `leaderelection lost: jobs/${plan.job}, stopped leading`,
    ],
    [
      `LeaderSelector: takeLeadership of /leaders/${plan.job}`,
      'State change: SUSPENDED, session timed out, have not heard from server in 40008ms',
      'State change: RECONNECTED, leadership released',
    ],
    [
      `Locked '${plan.job}', lock will be held at most until the lease ends`,
      `extending the lock '${plan.job}' failed: process was paused for 38 s`,
      `lock '${plan.job}' is held by another, this instance is standby`,
    ],
  ] as const)
  const lines: Line[] = [
    { at: world.fromMs + 4000, level: 'INFO', message: won, host: old },
    { at: onsetMs - 42_000, level: 'WARN', message: missed, host: old },
    { at: onsetMs - 20_000, level: 'INFO', message: won, host: young },
    { at: untilMs, level: 'INFO', message: stopped, host: old },
    ...plan.runs.map(
      ({ host, startMs, slotMs, id }): Line => ({
        at: startMs,
        level: 'INFO',
        message: `leader starts ${plan.job} for slot ${new Date(slotMs).toISOString()}`,
        host,
        run: id,
      }),
    ),
  ]
  world.log('scheduler', lines, { isEssential: true })
  const events: Row[] = plan.runs.flatMap(({ host, id, startMs, endMs }) => [
    { at: startMs, name: plan.job, kind: 'started', host, run: id },
    { at: endMs, name: plan.job, kind: 'completed', host, run: id },
  ])
  world.add({ kind: 'processes', name: 'runs', rows: events })
}

/** The table of triggers: one slot, two rows, each with the instance that fired it. */
function triggerTable(world: World): void {
  const { random, fromMs, toMs, onsetMs } = world
  const plan = planOf(world, { fromMs: random.chance(0.5) ? fromMs : onsetMs, toMs })
  title(world, plan)
  world.addEffects(effectsOf(world, plan), { keep: ['worker'] })
  const triggers: Row[] = plan.runs.flatMap(({ host, id, startMs, endMs, slotMs, items }) => [
    {
      at: startMs,
      name: plan.job,
      kind: 'started',
      host,
      run: id,
      scheduled_for: new Date(slotMs).toISOString(),
    },
    {
      at: endMs,
      name: plan.job,
      kind: 'completed',
      host,
      run: id,
      scheduled_for: new Date(slotMs).toISOString(),
      message: `${items.length} items`,
    },
  ])
  world.add({ kind: 'processes', name: 'fired triggers', rows: triggers, isEssential: true })
  world.config('scheduler', {
    'scheduler.cron': `0 */${plan.periodMs / 60_000} * * * *`,
    'scheduler.clustered': 'false',
    'scheduler.replicas': 2,
  })
}

export const d12: Generator = {
  cause: 'D12',
  variants: [
    { name: 'two-crontabs', make: twoCrontabs },
    { name: 'two-leaders', make: twoLeaders },
    { name: 'trigger-table', make: triggerTable },
  ],
}
