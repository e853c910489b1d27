import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A run goes through its items in segments. One item of a segment fails, and the segment is tried again from its first
 * item, those that were done included. What is doubled lies side by side, from the beginning of a segment up to where it
 * failed.
 */

const failures: readonly string[] = [
  'no answer in time',
  'address is not valid',
  'unexpected end of input',
  'deadlock detected',
  'connection reset by peer',
]

interface Segment {
  readonly number: number
  readonly items: readonly Intent[]
  readonly startMs: number
  readonly stepMs: number
  /** How many of its items were done before it failed; undefined where it did not. */
  readonly failedAfter?: number
  readonly againMs: number
}

interface Batch {
  readonly run: string
  readonly segments: readonly Segment[]
}

function batchOf(world: World): Batch {
  const { random, onsetMs } = world
  const items = world.traffic({ count: random.int(500, 1600) })
  const size = random.pick([20, 25, 50, 64, 100])
  const stepMs = random.int(80, 600)
  const share = random.between(0.15, 0.4)
  const segments: Segment[] = []
  let clock = onsetMs
  for (let from = 0; from < items.length; from += size) {
    const own = items.slice(from, from + size)
    // One at least fails, or nothing happened.
    const fails = random.chance(share) || segments.length === 1
    const failedAfter = fails && own.length > 4 ? random.int(3, own.length - 1) : undefined
    const startMs = clock
    const againMs = startMs + (failedAfter ?? 0) * stepMs + random.int(2000, 30_000)
    segments.push({
      number: segments.length + 1,
      items: own,
      startMs,
      stepMs,
      againMs,
      ...(failedAfter !== undefined && { failedAfter }),
    })
    clock = (failedAfter === undefined ? startMs : againMs) + own.length * stepMs + random.int(100, 2000)
  }
  return { run: world.id('run'), segments }
}

interface Done {
  readonly intent: Intent
  readonly at: number
  readonly attempt: number
  readonly segment: Segment
}

function doneIn({ segments }: Batch, random: World['random']): readonly Done[] {
  return segments.flatMap((segment) => {
    const { items, startMs, againMs, stepMs, failedAfter } = segment
    const pass = (attempt: number, from: number, count: number): Done[] =>
      items.slice(0, count).map((intent, at) => ({
        intent,
        segment,
        attempt,
        at: from + at * stepMs + random.int(0, Math.floor(stepMs / 2)),
      }))
    if (failedAfter === undefined) return pass(1, startMs, items.length)
    return [...pass(1, startMs, failedAfter), ...pass(2, againMs, items.length)]
  })
}

function title(world: World, what: string): void {
  world.title(`${world.domain.effects} doubled in ${what}`)
  world.summary(`Customers next to each other on the list were affected.`)
}

/** The target's list has segment, run and attempt; the log of the job says which segment was tried again. */
function numberedSegments(world: World): void {
  const { random } = world
  const batch = batchOf(world)
  title(world, 'last night’s run')
  const rows = doneIn(batch, random).map(({ intent, at, attempt, segment }) =>
    world.effect(intent, { at, attempt, segment: segment.number, run: batch.run }),
  )
  world.addEffects(rows, { drop: ['key', 'run'] })
  const lines = batch.segments.flatMap(({ number, items, startMs, againMs, failedAfter }): Line[] => {
    const started: Line = {
      at: startMs,
      level: 'INFO',
      message: `segment ${number} started, ${items.length} items`,
      attempt: 1,
    }
    if (failedAfter === undefined) return [started]
    return [
      started,
      {
        at: againMs - 1500,
        level: 'ERROR',
        message: `segment ${number} failed at item ${failedAfter + 1}: ${random.pick(failures)}`,
      },
      { at: againMs, level: 'INFO', message: `segment ${number} started, ${items.length} items`, attempt: 2 },
    ]
  })
  world.log('job', lines)
}

/** A consumer takes messages in batches; when one throws, the batch is fetched again. There is no column for it. */
function fetchedAgain(world: World): void {
  const { random } = world
  const batch = batchOf(world)
  title(world, 'stretches')
  const done = doneIn(batch, random)
  world.addEffects(
    done.map(({ intent, at }) => world.effect(intent, { at })),
    { keep: ['worker'] },
  )
  const partition = world.id('partition')
  const rows = done.map(({ intent, at, attempt }) =>
    world.delivery(intent, {
      at: at - 30,
      attempt,
      segment: partition,
      event: undefined,
      key: intent.key,
      durationMs: 25,
    }),
  )
  world.add({ kind: 'deliveries', name: 'consumed', rows, isEssential: true, optional: ['bytes', 'kind'] })
  const lines = batch.segments.flatMap(({ items, againMs, failedAfter }): Line[] => {
    const failed = failedAfter === undefined ? undefined : items[failedAfter]
    if (failed === undefined) return []
    return [
      {
        at: againMs - 900,
        level: 'ERROR',
        message: 'listener threw an exception, the batch is not acknowledged',
        ref: failed.ref,
      },
      {
        at: againMs - 10,
        level: 'WARN',
        message: `seeking back to the first record of the batch, ${items.length} records`,
        attempt: 2,
      },
    ]
  })
  world.log('listener', lines, { isEssential: true })
}

/** Events of an engine that runs jobs: tasks of a run that failed and were started again. */
function engineEvents(world: World): void {
  const { random } = world
  const batch = batchOf(world)
  title(world, 'chunks of the run')
  const rows = doneIn(batch, random).map(({ intent, at, attempt, segment }) =>
    world.effect(intent, { at, attempt, segment: `${batch.run}/${segment.number}` }),
  )
  world.addEffects(rows, { drop: ['attempt'] })
  const events = batch.segments.flatMap(({ number, startMs, againMs, failedAfter, items, stepMs }): Row[] => {
    const task = `${batch.run}/${number}`
    const end = (from: number): Row => ({ at: from + items.length * stepMs, name: task, kind: 'completed' })
    if (failedAfter === undefined)
      return [{ at: startMs, name: task, kind: 'started', attempt: 1 }, end(startMs)]
    return [
      { at: startMs, name: task, kind: 'started', attempt: 1 },
      {
        at: startMs + failedAfter * stepMs + 400,
        name: task,
        kind: 'failed',
        attempt: 1,
        message: random.pick(failures),
      },
      { at: againMs, name: task, kind: 'started', attempt: 2 },
      end(againMs),
    ]
  })
  world.add({ kind: 'processes', name: 'tasks', rows: events })
}

export const d06: Generator = {
  cause: 'D06',
  variants: [
    { name: 'numbered-segments', make: numberedSegments },
    { name: 'fetched-again', make: fetchedAgain },
    { name: 'engine-events', make: engineEvents },
  ],
}
