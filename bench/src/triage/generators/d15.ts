import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Random } from '../random.ts'
import type { Intent } from '../traffic.ts'
import type { Line, Span, World } from '../world.ts'

/*
 * In the night in which summer time ends, an hour of the local clock comes twice. What is planned or selected by local
 * time in that hour is done at both: exactly one hour apart, for that hour alone.
 */

interface Changeover {
  readonly zone: string
  /** When the clock goes back. */
  readonly atMs: number
  /** Of the local clock before it. */
  readonly offsetMs: number
}

const hourMs = 3_600_000

const changeovers: readonly Changeover[] = [
  ...[Date.UTC(2023, 9, 29, 1), Date.UTC(2024, 9, 27, 1), Date.UTC(2025, 9, 26, 1)].flatMap((atMs) => [
    { zone: 'Europe/Berlin', atMs, offsetMs: 2 * hourMs },
    { zone: 'Europe/London', atMs, offsetMs: hourMs },
    { zone: 'Europe/Stockholm', atMs, offsetMs: 2 * hourMs },
  ]),
  ...[Date.UTC(2023, 10, 5, 6), Date.UTC(2024, 10, 3, 6), Date.UTC(2025, 10, 2, 6)].map((atMs) => ({
    zone: 'America/New_York',
    atMs,
    offsetMs: -4 * hourMs,
  })),
]

/** The night of a changeover, with some hours before and after it. */
function night(random: Random): Span {
  const { atMs } = random.pick(changeovers)
  return {
    fromMs: atMs - Math.round(random.between(3, 7) * hourMs),
    toMs: atMs + Math.round(random.between(3, 7) * hourMs),
  }
}

function changeoverOf(world: World): Changeover {
  const own = changeovers.filter(({ atMs }) => atMs > world.fromMs && atMs < world.toMs)
  return world.random.pick(own)
}

function localTime(ms: number, { atMs, offsetMs }: Changeover): string {
  return new Date(ms + (ms < atMs ? offsetMs : offsetMs - hourMs))
    .toISOString()
    .slice(0, 16)
    .replace('T', ' ')
}

function title(world: World, at: Changeover): void {
  const { domain } = world
  world.onset(at.atMs)
  world.title(`${domain.effects} of the night twice`)
  world.summary(`A part of last night’s ${domain.thing}s was ${domain.verb} two times.`)
}

interface JobRun {
  readonly startMs: number
  readonly items: readonly Intent[]
}

/** A job at some minutes of every hour, planned in local time; the slots of the repeated hour are run at both. */
function plannedRuns(world: World, at: Changeover): { runs: readonly JobRun[]; minutes: readonly number[] } {
  const { random } = world
  const minutes = random.pick([[30], [15], [5, 35], [0, 20, 40]])
  const starts = startsAt(world, minutes)
  const usual = random.int(20, Math.max(25, Math.floor(600 / starts.length)))
  const items = world.traffic({ count: Math.ceil(usual * starts.length * 1.6) })
  const lists = new Map<number, readonly Intent[]>()
  let taken = 0
  const runs = starts.map((startMs): JobRun => {
    const isRepeated = startMs >= at.atMs && startMs < at.atMs + hourMs
    const same = isRepeated ? lists.get(startMs - hourMs) : undefined
    // A list of its own for each slot: what is on it for that local time.
    const size = Math.round(usual * random.between(0.6, 1.3))
    const own = same ?? items.slice(taken, taken + size)
    if (same === undefined) taken += size
    lists.set(startMs, own)
    return { startMs, items: own }
  })
  return { runs, minutes }
}

function startsAt({ fromMs, toMs }: World, minutes: readonly number[]): readonly number[] {
  const starts: number[] = []
  for (let hour = Math.floor(fromMs / hourMs) * hourMs; hour < toMs; hour += hourMs)
    starts.push(...minutes.map((minute) => hour + minute * 60_000))
  return starts.filter((start) => start >= fromMs && start <= toMs - 600_000)
}

function effectsOf(world: World, runs: readonly JobRun[], stepMs: number): readonly Row[] {
  const { random } = world
  return runs.flatMap(({ startMs, items }) => {
    const run = world.id('run')
    return items.map((intent, nth) =>
      world.effect(intent, { at: startMs + 700 + nth * stepMs + random.int(0, 30), key: random.uuid(), run }),
    )
  })
}

/** A table of jobs in local time: the runs of one local time are two. */
function localCron(world: World): void {
  const { random } = world
  const at = changeoverOf(world)
  const { runs, minutes } = plannedRuns(world, at)
  title(world, at)
  const stepMs = random.int(100, 900)
  world.addEffects(effectsOf(world, runs, stepMs), { drop: ['key', 'run'] })
  const job = `${world.domain.effects}-by-hour`
  const say = random.pick<(local: string, count: number) => string>([
    (local, count) => `${job} started for ${local} ${at.zone}, ${count} on the list`,
    (local, count) => `cron: running ${job}, wall clock ${local}, ${count} entries`,
    (local, count) => `Trigger ${job} fired, scheduledFireTime=${local} (${at.zone}), items=${count}`,
  ])
  const lines = runs.flatMap(({ startMs, items }): Line[] => [
    { at: startMs + 200, level: 'INFO', message: say(localTime(startMs, at), items.length) },
    { at: startMs + 900 + items.length * stepMs, level: 'INFO', message: `${job} finished` },
  ])
  world.log('scheduler', lines, { isEssential: true })
  world.config(
    'scheduler',
    { 'scheduler.cron': `${minutes.join(',')} * * * *`, 'scheduler.timezone': at.zone },
    true,
  )
  world.known({ cronPeriodMs: hourMs / minutes.length })
}

/** The table of runs has the slot's local time as a column. */
function slotTable(world: World): void {
  const { random } = world
  const at = changeoverOf(world)
  const { runs } = plannedRuns(world, at)
  title(world, at)
  const stepMs = random.int(100, 900)
  world.addEffects(effectsOf(world, runs, stepMs), { drop: ['run'] })
  const events: Row[] = runs.flatMap(({ startMs, items }) => {
    const row = { name: `${world.domain.effect}-run`, slot_local: localTime(startMs, at) }
    return [
      { at: startMs + 100, ...row, kind: 'started' },
      {
        at: startMs + 1000 + items.length * stepMs,
        ...row,
        kind: 'completed',
        message: `${items.length} items`,
      },
    ]
  })
  world.add({ kind: 'processes', name: 'runs', rows: events, isEssential: true })
  world.config('jobs', { 'jobs.timezone': at.zone, 'jobs.workers': world.workers.length }, true)
}

/** What is due is selected by a local time without an offset: the hour's items are due again when the clock says so again. */
function dueByLocalTime(world: World): void {
  const { random, workers } = world
  const at = changeoverOf(world)
  const isHeld = (intent: Intent): boolean => intent.at >= at.atMs - hourMs && intent.at < at.atMs
  const intents = world.traffic({ count: random.int(600, 1500), medianMs: random.int(60, 200) })
  title(world, at)
  const rows = intents.flatMap((intent) => {
    const first = world.effect(intent, { key: `${intent.ref}@${localTime(intent.at, at)}/${random.hex(4)}` })
    if (!isHeld(intent)) return [first]
    const by = random.pick(workers)
    const again = { at: first.at + hourMs + random.int(-400, 400), worker: by.id, host: by.host }
    return [first, { ...first, effect: world.id(world.domain.effect), key: random.uuid(), ...again }]
  })
  world.addEffects(rows, { drop: ['key'] })
  const lines: Line[] = []
  for (
    let minute = Math.ceil(world.fromMs / 60_000) * 60_000;
    minute < world.toMs - 60_000;
    minute += 60_000
  ) {
    const due = rows.filter((row) => row.at >= minute && row.at < minute + 60_000).length
    if (due > 0)
      lines.push({
        at: minute,
        level: 'INFO',
        message: `due at ${localTime(minute, at)}: ${due}`,
        zone: at.zone,
      })
  }
  world.log('reminders', lines, { isEssential: true })
  world.config('service', { 'due.timezone': at.zone, 'due.poll_ms': 60_000 }, true)
  world.code(
    'due',
    'sql',
    `select id from ${world.domain.thing}s\n where due_local = date_trunc('minute', now() at time zone '${at.zone}')\n`,
  )
}

export const d15: Generator = {
  cause: 'D15',
  variants: [
    { name: 'local-cron', window: night, make: localCron },
    { name: 'slot-table', window: night, make: slotTable },
    { name: 'due-by-local-time', window: night, make: dueByLocalTime },
  ],
}
