import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The effect is done first and recorded afterwards, and for a while nothing can be recorded: the disk is full, the store
 * takes no writes, a right is missing. What is not recorded counts as not done, and is done again and again until the
 * store is mended.
 */

interface Outage {
  readonly intents: readonly Intent[]
  readonly untilMs: number
  readonly everyMs: number
  /** When each intent was done. */
  readonly doneAt: ReadonlyMap<Intent, readonly number[]>
  readonly why: string
}

const reasons: readonly string[] = [
  'could not extend file: No space left on device',
  'cannot execute INSERT in a read-only transaction',
  'permission denied for table',
  'database or disk is full',
  'attempt to write a readonly database',
]

function outageOf(world: World): Outage {
  const { random, onsetMs, toMs } = world
  const untilMs = Math.min(toMs - 600_000, onsetMs + random.int(6, 20) * 60_000)
  const everyMs = random.pick([20_000, 30_000, 60_000, 120_000])
  const intents = world.traffic()
  const doneAt = new Map(
    intents.map((intent) => {
      const times = [intent.at + intent.durationMs]
      if (intent.at >= onsetMs && intent.at < untilMs)
        for (let at = intent.at + everyMs; at < untilMs + everyMs; at += everyMs)
          times.push(at + random.int(50, 3000))
      return [intent, times]
    }),
  )
  return { intents, untilMs, everyMs, doneAt, why: random.pick(reasons) }
}

/** Recorded after the last of its times: the first that met a store that takes writes. */
function ledgerOf(world: World, { doneAt }: Outage): readonly Row[] {
  return [...doneAt].map(([intent, times]) => world.ledger(intent, { at: (times.at(-1) ?? intent.at) + 12 }))
}

function effectsOf(world: World, { doneAt }: Outage): readonly Row[] {
  return [...doneAt].flatMap(([intent, times]) => times.map((at) => world.effect(intent, { at })))
}

function writeErrors({ doneAt, why }: Outage): readonly Line[] {
  return [...doneAt].flatMap(([{ ref }, times]) =>
    times
      .slice(0, -1)
      .map((at): Line => ({ at: at + 15, level: 'ERROR', message: `could not record outcome: ${why}`, ref })),
  )
}

function title(world: World, { untilMs }: Outage): void {
  const { domain } = world
  world.title(`${domain.effects} again and again`)
  world.summary(
    `One ${domain.thing} was ${domain.verb} many times. It stopped by itself at ${new Date(untilMs).toISOString().slice(11, 16)}.`,
  )
}

/** A poller, its log, its ledger and the provider's list. */
function poller(world: World): void {
  const { random, domain } = world
  const outage = outageOf(world)
  title(world, outage)
  world.addEffects(effectsOf(world, outage), { name: `${domain.provider} list` })
  world.add({ kind: 'ledger', name: 'outcomes', rows: ledgerOf(world, outage), optional: ['worker'] })
  world.log('poller', writeErrors(outage), { isEssential: true })
  if (random.chance(0.5))
    world.config('poller', { 'poll.interval_seconds': outage.everyMs / 1000, 'poll.batch': 100 })
}

/** A queue that delivers what was not acknowledged, and metrics of the store beside it. */
function queue(world: World): void {
  const { random, fromMs, toMs, onsetMs } = world
  const outage = outageOf(world)
  title(world, outage)
  world.addEffects(effectsOf(world, outage), { drop: ['key'] })
  const deliveries = [...outage.doneAt].flatMap(([intent, times]) => {
    const event = world.id('event')
    return times.map((at, index) =>
      world.delivery(intent, {
        event,
        at: at - 40,
        attempt: index + 1,
        status: index === times.length - 1 ? 'acked' : 'nacked',
      }),
    )
  })
  world.add({
    kind: 'deliveries',
    name: 'queue',
    rows: deliveries,
    isEssential: true,
    optional: ['bytes', 'kind'],
  })
  const lines = writeErrors(outage)
  world.log('consumer', lines, { isEssential: true })
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000) {
    const isBad = at >= onsetMs && at < outage.untilMs
    metrics.push({
      at,
      name: 'store_write_errors',
      value: isBad ? lines.filter((line) => line.at >= at && line.at < at + 60_000).length : 0,
    })
    metrics.push({ at, name: 'disk_free_bytes', value: isBad ? 0 : random.int(2, 4) * 2 ** 30 })
  }
  world.add({ kind: 'metrics', name: 'store', rows: metrics })
}

/** The log of the database itself, and a note of who mended it. */
function databaseLog(world: World): void {
  const { random, onsetMs } = world
  const outage = outageOf(world)
  title(world, outage)
  world.addEffects(effectsOf(world, outage))
  const lines = writeErrors(outage).map(
    ({ at, level }): Line => ({ at, level, message: `${outage.why}; STATEMENT: INSERT INTO outcomes` }),
  )
  world.log('database', lines, { isEssential: true })
  world.add({
    kind: 'ledger',
    name: 'outcomes',
    rows: ledgerOf(world, outage),
    isEssential: true,
    optional: ['worker'],
  })
  world.alert(onsetMs + random.int(60, 400) * 1000, 'store', 'writes fail')
  if (random.chance(0.6))
    world.change({
      at: outage.untilMs,
      kind: 'config',
      name: 'volume-size',
      message: 'volume of the store enlarged, writes work again',
    })
}

export const d07: Generator = {
  cause: 'D07',
  variants: [
    { name: 'poller', make: poller },
    { name: 'queue', make: queue },
    { name: 'database-log', make: databaseLog },
  ],
}
