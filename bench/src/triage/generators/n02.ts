import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { measured } from '../losses.ts'
import type { Line, World } from '../world.ts'

/*
 * Somebody complains, and what was handed in cannot tell why: alerts and curves without rows, an export that ends before
 * the trouble began, a log that names nothing, two or three pairs with a time and nothing else. Whatever fits, fits a
 * dozen causes.
 */

function complaint(world: World): void {
  const { domain, random } = world
  world.title(
    random.pick([
      `Complaints about ${domain.effects}`,
      `${domain.effects} look wrong`,
      `Ticket: check ${domain.effects}`,
    ]),
  )
  world.summary(
    random.pick([
      `Several customers say that something is wrong with their ${domain.effects}.`,
      `A customer says that a ${domain.thing} was ${domain.verb} twice, another that his was not at all.`,
      `Somebody in finance finds the number of ${domain.effects} odd.`,
    ]),
  )
}

/** Curves and alerts. */
function curves(world: World): void {
  const { random, onsetMs, domain } = world
  complaint(world)
  const usual = random.int(8, 60)
  world.add({
    kind: 'metrics',
    name: 'overview',
    rows: measured(world, 60_000, (at) => ({
      [`${domain.effects}_per_minute`]: Math.round(
        usual * random.between(0.7, 1.3) * (at >= onsetMs ? 1.1 : 1),
      ),
      memory_percent: random.int(40, 60),
    })),
    isEssential: true,
  })
  world.alert(
    onsetMs + random.int(1, 20) * 60_000,
    'business figures',
    `${domain.effects} outside of their usual band`,
  )
  if (random.chance(0.5)) world.listChanges()
}

/** The rows end before anything was noticed: all of them are as they should be. */
function endsBefore(world: World): void {
  const { random, domain, fromMs, onsetMs } = world
  complaint(world)
  const untilMs = Math.round(fromMs + (onsetMs - fromMs) * random.between(0.5, 0.8))
  const intents = world.traffic({ toMs: untilMs })
  const covers = { fromMs, toMs: untilMs }
  world.add({
    kind: 'effects',
    name: domain.effects,
    rows: intents.map((intent) => world.effect(intent)),
    isEssential: true,
    optional: ['worker', 'host', 'version', 'bytes', 'payload'],
    covers,
  })
  if (random.chance(0.6))
    world.add({
      kind: 'requests',
      name: 'access',
      rows: intents.map((intent) => world.request(intent)),
      optional: ['session', 'host', 'version', 'worker'],
      covers,
    })
  world.alert(onsetMs + random.int(2, 30) * 60_000, 'support', 'more tickets than usual')
}

/** A log of an ordinary day, in which no business thing is named. */
function namelessLog(world: World): void {
  const { random, fromMs, toMs, workers, domain } = world
  complaint(world)
  const said: readonly (readonly [string, string])[] = [
    ['INFO', `POST ${domain.path} 201`],
    ['INFO', `POST ${domain.path} 201`],
    ['INFO', 'health check ok'],
    ['DEBUG', 'connection taken from pool'],
    ['INFO', 'batch of metrics sent'],
    ['WARN', 'slow answer of the directory'],
    ['INFO', 'session renewed'],
  ]
  const lines = Array.from({ length: random.int(300, 1500) }, (): Line => {
    const [level, message] = random.pick(said)
    return { at: random.int(fromMs, toMs), level, message, duration_ms: random.logNormal(60, 0.5) }
  })
  world.log('application', lines, { isEssential: true })
  const events: readonly Row[] = workers.map(({ id, host }) => ({
    at: fromMs + random.int(0, 60_000),
    kind: 'running',
    name: id,
    host,
  }))
  world.add({ kind: 'processes', name: 'processes', rows: events })
}

/** Two or three pairs among many rows, with gaps that fit nothing; the export has a reference and a time, in minutes. */
function bareRows(world: World): void {
  const { random, domain } = world
  complaint(world)
  const intents = world.traffic()
  const early = intents.filter(({ at }) => at < world.toMs - 41 * 60_000)
  const twice = new Set(random.some(early, random.int(2, 3)))
  const rows = intents.flatMap((intent): Row[] => {
    const { at, ref } = intent
    const times = twice.has(intent) ? [at, at + random.int(3, 40) * 60_000] : [at]
    return times.map((time) => ({ at: minute(time), ref }))
  })
  world.add({ kind: 'effects', name: `${domain.effects} sheet`, rows, isEssential: true })
}

function minute(ms: number): number {
  return ms - (ms % 60_000)
}

export const n02: Generator = {
  cause: 'N02',
  variants: [
    { name: 'curves', make: curves },
    { name: 'ends-before', make: endsBefore },
    { name: 'nameless-log', make: namelessLog },
    { name: 'bare-rows', make: bareRows },
  ],
}
