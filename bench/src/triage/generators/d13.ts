import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A job had done all of its items and was run again as a whole: its last step failed, and a person or an engine began it
 * anew, or its input was put where it is picked up a second time. Every item comes exactly twice, in the same order, and
 * the distance is that of the two runs.
 */

interface Run {
  readonly id: string
  readonly startMs: number
  readonly endMs: number
  readonly items: readonly Intent[]
  readonly isDoubled: boolean
}

interface Job {
  readonly runs: readonly Run[]
  readonly stepMs: number
  readonly name: string
}

/** Perhaps a run before it that went well, then one and the same again. */
function jobOf(world: World): Job {
  const { random, fromMs, toMs, onsetMs } = world
  const items = world.traffic({ count: random.int(250, 900) })
  const hasOther = random.chance(0.6)
  const cut = hasOther ? Math.floor(items.length * random.between(0.2, 0.5)) : 0
  const others = items.slice(0, cut)
  const own = items.slice(cut)
  // Both runs have to end within the window.
  const stepMs = Math.floor(Math.min(random.int(100, 2500), (toMs - onsetMs) / (2.6 * own.length)))
  const lengthMs = own.length * stepMs
  const pauseMs = Math.floor(Math.min(random.int(3, 45) * 60_000, (toMs - onsetMs - 2 * lengthMs) * 0.8))
  const runOf = (startMs: number, done: readonly Intent[], isDoubled: boolean): Run => ({
    id: world.id('run'),
    startMs,
    endMs: startMs + done.length * stepMs + 500,
    items: done,
    isDoubled,
  })
  const before = hasOther ? [runOf(fromMs + 60_000, others, false)] : []
  const first = runOf(onsetMs, own, true)
  return {
    runs: [...before, first, runOf(first.endMs + pauseMs, own, true)],
    stepMs,
    name: `${random.pick(['nightly', 'monthly', 'daily'])}-${world.domain.effects}`,
  }
}

function effectsOf(world: World, { runs, stepMs }: Job): readonly Row[] {
  const { random } = world
  return runs.flatMap(({ id, startMs, items }) => {
    const by = random.pick(world.workers)
    return items.map((intent, nth) =>
      world.effect(intent, {
        at: startMs + nth * stepMs + random.int(0, Math.floor(stepMs / 2)),
        key: `${id}/${nth + 1}`,
        run: id,
        worker: by.id,
        host: by.host,
      }),
    )
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`All ${domain.effects} of a run twice`)
  world.summary(`Every ${domain.thing} on the list that we looked at has two ${domain.effects}.`)
}

const lastSteps: readonly string[] = [
  'upload of the report failed: 530 Login incorrect',
  'could not send the summary mail: 421 too many connections',
  'cannot write /var/spool/report.csv: No space left on device',
  'checksum table is locked',
]

/** Somebody saw a failed job in the morning and started it; the job's log and the list of runs in the effects. */
function byHand(world: World): void {
  const { random, domain } = world
  const job = jobOf(world)
  title(world)
  world.addEffects(effectsOf(world, job), { drop: ['key'] })
  const failure = random.pick(lastSteps)
  const words = random.pick([
    { timer: 'started by timer', hand: 'started by hand (--force)', end: 'finished' },
    {
      timer: 'launched with parameters [schedule=nightly]',
      hand: 'launched with parameters [restart=full, user=operations]',
      end: 'completed with status [COMPLETED]',
    },
    { timer: 'triggered by schedule', hand: 'triggered manually', end: 'exited with code 0' },
  ])
  const lines = job.runs.flatMap(({ startMs, endMs, items, isDoubled, id }, nth): Line[] => {
    const isLast = nth === job.runs.length - 1
    const failed = isDoubled && !isLast
    return [
      {
        at: startMs - 900,
        level: 'INFO',
        message: `${job.name} ${isLast ? words.hand : words.timer}, ${items.length} ${domain.thing}s`,
        run: id,
      },
      { at: endMs, level: 'INFO', message: `${items.length} of ${items.length} done`, run: id },
      failed
        ? {
            at: endMs + 700,
            level: 'ERROR',
            message: `${job.name} failed in its last step: ${failure}`,
            run: id,
          }
        : { at: endMs + 700, level: 'INFO', message: `${job.name} ${words.end}`, run: id },
    ]
  })
  world.log('job', lines, { isEssential: true })
}

/** An engine tries a run again whose last task failed, from the first task on. */
function engine(world: World): void {
  const { random } = world
  const job = jobOf(world)
  title(world)
  world.addEffects(effectsOf(world, job), { drop: ['run', 'key'] })
  const failure = random.pick(lastSteps)
  const events = job.runs.flatMap(({ startMs, endMs, isDoubled, id, items }, nth): Row[] => {
    const isLast = nth === job.runs.length - 1
    const run = { name: job.name, run: id, attempt: isLast && isDoubled ? 2 : 1 }
    const end =
      isDoubled && !isLast
        ? { kind: 'failed', message: failure, status: 1 }
        : { kind: 'completed', message: '', status: 0 }
    return [
      { at: startMs - 2000, ...run, kind: 'started', message: `input: ${items.length} rows` },
      { at: endMs + 1500, ...run, ...end },
    ]
  })
  world.add({ kind: 'processes', name: 'workflow runs', rows: events, isEssential: true })
  world.config('workflow', { 'retries.max': 1, 'retries.scope': 'run', 'checkpoint.enabled': 'false' })
}

/** The file of a run is picked up again under another name. */
function fileAgain(world: World): void {
  const { random } = world
  const job = jobOf(world)
  title(world)
  const stem = world.id('file')
  const again = random.pick([' (1)', '.retry', '-copy'])
  const fileOf = (nth: number): string => {
    if (nth < job.runs.length - 2) return `${world.id('file', 99)}.csv`
    return nth === job.runs.length - 1 ? `${stem}${again}.csv` : `${stem}.csv`
  }
  const [taken, ended] = random.pick([
    ['picked up', 'done, moved to archive'],
    ['new file in the inbox', 'imported, 0 failed'],
    ['SFTP: received', 'processed: all records ok'],
  ] as const)
  world.addEffects(effectsOf(world, job), { drop: ['run', 'key'] })
  const lines = job.runs.flatMap(({ startMs, endMs, items }, nth): Line[] => [
    {
      at: startMs - 1200,
      level: 'INFO',
      message: `${taken} "${fileOf(nth)}", ${items.length} records, sha1 ${hashFor(items)}`,
    },
    {
      at: endMs + 300,
      level: 'INFO',
      message: `"${fileOf(nth)}" ${ended}, ${items.length} records`,
    },
  ])
  world.log('file intake', lines, { isEssential: true })
  const requests = job.runs.flatMap(({ items, startMs }) =>
    items.map((intent, nth) =>
      world.request(intent, { at: startMs + nth * job.stepMs - 5, session: undefined, key: random.uuid() }),
    ),
  )
  world.add({
    kind: 'requests',
    name: 'calls',
    rows: requests,
    optional: ['worker', 'host', 'version', 'key'],
  })
}

/** Of the content: the same for a file that is there again. */
function hashFor(items: readonly Intent[]): string {
  const sum = items.reduce((total, { bytes, at }) => (total * 31 + bytes + at) % 0xffff_ffff, 7)
  return sum.toString(16).padStart(8, '0')
}

export const d13: Generator = {
  cause: 'D13',
  variants: [
    { name: 'by-hand', make: byHand },
    { name: 'engine', make: engine },
    { name: 'file-again', make: fileAgain },
  ],
}
