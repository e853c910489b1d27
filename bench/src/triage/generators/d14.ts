import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A job takes all items that are not marked as done, does them, and marks them at its very end. When a run takes longer
 * than the period, or when slots that were missed are caught up with, the next run begins before the mark is set and takes
 * the same items: a period apart, and more often the longer it takes until the mark.
 */

interface Run {
  readonly id: string
  readonly slotMs: number
  readonly startMs: number
  readonly endMs: number
  readonly items: readonly Intent[]
}

interface Runs {
  readonly runs: readonly Run[]
  readonly periodMs: number
  readonly stepMs: number
}

interface Start {
  readonly slotMs: number
  readonly startMs: number
  /** From the last item to the mark: a report, an upload, a lock. */
  readonly tailMs: number
}

/** Each run takes what came before it and is marked in no run that has ended. */
function runsOf(world: World, starts: readonly Start[], stepMs: number): readonly Run[] {
  const items = world.traffic({ count: world.random.int(300, 900) })
  const runs: Run[] = []
  for (const { slotMs, startMs, tailMs } of starts) {
    const done = new Set(runs.filter(({ endMs }) => endMs <= startMs).flatMap((run) => run.items))
    const own = items.filter((intent) => intent.at < startMs && !done.has(intent))
    const endMs = startMs + 400 + own.length * stepMs + tailMs
    if (endMs < world.toMs) runs.push({ id: world.id('run'), slotMs, startMs, endMs, items: own })
  }
  return runs
}

/** How long an item may take so that a usual slot needs but a part of its period. */
function stepFor(world: World, periodMs: number): number {
  const perSlot = (900 * periodMs) / (world.toMs - world.fromMs)
  return Math.max(5, Math.round((periodMs * world.random.between(0.05, 0.25)) / Math.max(perSlot, 4)))
}

/** What has to be done before the mark takes longer and longer from the onset on, so that runs outlast the period. */
function overlapping(world: World): Runs {
  const { random, fromMs, toMs, onsetMs } = world
  const periodMs = random.pick([2, 5, 10]) * 60_000
  const slots = random.int(6, 14)
  const most = random.between(1.3, 3.2)
  const starts: Start[] = []
  for (let slotMs = Math.ceil(fromMs / periodMs) * periodMs; slotMs < toMs; slotMs += periodMs) {
    const nth = Math.floor((slotMs - onsetMs) / periodMs)
    const isSlow = nth >= 0 && nth < slots
    const growing = 1.05 + ((most - 1.05) * nth) / slots
    const tailMs = isSlow ? Math.round(periodMs * growing) : random.int(300, 9000)
    starts.push({ slotMs, startMs: slotMs + random.int(50, 1200), tailMs })
  }
  const stepMs = stepFor(world, periodMs)
  return { runs: runsOf(world, starts, stepMs), periodMs, stepMs }
}

/** The scheduler was down; back again it starts every slot that it missed, one right after the other. */
function catchingUp(world: World): Runs {
  const { random, fromMs, toMs, onsetMs } = world
  const periodMs = random.pick([5, 10, 15]) * 60_000
  const missed = random.int(2, 5)
  const starts: Start[] = []
  for (let slotMs = Math.ceil(fromMs / periodMs) * periodMs; slotMs < toMs; slotMs += periodMs) {
    const behind = Math.ceil((onsetMs - slotMs) / periodMs)
    const isMissed = slotMs < onsetMs && behind <= missed
    const startMs = isMissed
      ? onsetMs + (missed - behind) * random.int(800, 2500)
      : slotMs + random.int(50, 900)
    starts.push({ slotMs, startMs, tailMs: random.int(300, 9000) })
  }
  starts.sort((a, b) => a.startMs - b.startMs)
  const stepMs = stepFor(world, periodMs)
  return { runs: runsOf(world, starts, stepMs), periodMs, stepMs }
}

function effectsOf(world: World, { runs, stepMs }: Runs): readonly Row[] {
  const { random } = world
  return runs.flatMap(({ id, startMs, items }) => {
    const by = random.pick(world.workers)
    return items.map((intent, nth) =>
      world.effect(intent, {
        at: startMs + 300 + nth * stepMs + random.int(0, 40),
        key: random.uuid(),
        run: id,
        worker: by.id,
        host: by.host,
      }),
    )
  })
}

function title(world: World, { periodMs }: Runs): void {
  const { domain } = world
  world.title(`${domain.thing}s ${domain.verb} again and again`)
  world.summary(`Some ${domain.thing}s have two ${domain.effects}, some three or more.`)
  world.known({ cronPeriodMs: periodMs })
}

function jobOf(world: World): string {
  return `${world.domain.effect}-${world.random.pick(['due', 'pending', 'sweep'])}`
}

function addRunTable(world: World, { runs }: Runs): void {
  const job = jobOf(world)
  const events: Row[] = runs.flatMap(({ id, slotMs, startMs, endMs, items }) => {
    const row = { name: job, run: id, scheduled_for: new Date(slotMs).toISOString() }
    return [
      { at: startMs, ...row, kind: 'started', message: `${items.length} items selected` },
      { at: endMs, ...row, kind: 'completed', message: `${items.length} items marked as done` },
    ]
  })
  world.add({ kind: 'processes', name: 'runs of the job', rows: events, isEssential: true })
}

/** The table of runs shows that they intersect. */
function overlap(world: World): void {
  const found = overlapping(world)
  title(world, found)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  addRunTable(world, found)
  world.config('job', {
    'schedule.cron': `*/${found.periodMs / 60_000} * * * *`,
    'schedule.allow_overlap': 'true',
  })
}

/** Missed slots are all started after an outage of the scheduler. */
function catchUp(world: World): void {
  const { random, onsetMs } = world
  const found = catchingUp(world)
  title(world, found)
  world.addEffects(effectsOf(world, found))
  addRunTable(world, found)
  const late = found.runs.filter(({ startMs, slotMs }) => startMs - slotMs > 60_000)
  const [missed, caught] = random.pick([
    [`handling ${late.length} missed trigger(s)`, 'catch-up run for slot'],
    [`Handling ${late.length} trigger(s) that missed their scheduled fire-time.`, 'fired misfire of'],
    [`${late.length} past intervals not yet run, catchup=True`, 'creating run scheduled for'],
  ] as const)
  const lines: Line[] = [
    { at: onsetMs - 4000, level: 'INFO', message: 'scheduler started' },
    { at: onsetMs - 1500, level: 'WARN', message: missed },
    ...late.map(
      ({ startMs, slotMs, id }): Line => ({
        at: startMs,
        level: 'INFO',
        message: `${caught} ${new Date(slotMs).toISOString()}`,
        run: id,
      }),
    ),
  ]
  world.log('scheduler', lines, { isEssential: true })
  if (random.chance(0.5)) world.config('scheduler', { catchup: 'true', max_active_runs: 16 })
}

/** A text log alone: how many were selected, how long it took, when the mark was set. */
function textLog(world: World): void {
  const { random, domain } = world
  const found = overlapping(world)
  title(world, found)
  world.addEffects(effectsOf(world, found), { drop: ['run', 'key'] })
  const job = jobOf(world)
  const [begins, open, ends, marked] = random.pick([
    ['begins', 'not yet done', 'ends after', 'set to done'],
    ['started', 'with processed_at IS NULL', 'finished in', 'rows updated'],
    ['run:', 'pending', 'run took', 'flagged as sent'],
  ] as const)
  const lines = found.runs.flatMap(({ id, startMs, endMs, items }): Line[] => [
    {
      at: startMs,
      level: 'INFO',
      message: `${job} ${begins} ${items.length} ${domain.thing}s ${open}`,
      run: id,
    },
    {
      at: endMs,
      level: endMs - startMs > found.periodMs ? 'WARN' : 'INFO',
      message: `${job} ${ends} ${Math.round((endMs - startMs) / 1000)} s, ${items.length} ${marked}`,
      run: id,
    },
  ])
  world.log('job', lines, { isEssential: true })
  world.config('cron', { 'job.interval': `${found.periodMs / 60_000}m`, 'job.batch_limit': 5000 }, true)
  if (random.chance(0.6))
    world.alert(world.onsetMs + found.periodMs * 2, 'job duration', `${job} takes longer than usual`)
}

export const d14: Generator = {
  cause: 'D14',
  variants: [
    { name: 'overlap', make: overlap },
    { name: 'catch-up', make: catchUp },
    { name: 'text-log', make: textLog },
  ],
}
