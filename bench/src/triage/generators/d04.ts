import { type Arrival, callsOf, effectsOf } from '../arrivals.ts'
import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Line, World } from '../world.ts'

/*
 * Repeats have always come in, and the check for them has always found them. Since a change it looks for something that
 * is no longer written: another status, another form of the key, another column. The store of seen keys is healthy, is
 * written and is asked; it never says yes any more.
 */

function arrivals(world: World, gapMs: number): readonly Arrival[] {
  const { random, onsetMs } = world
  const share = random.between(0.04, 0.12)
  return world.traffic().flatMap((intent): Arrival[] => {
    const first = { intent, at: intent.at, attempt: 1, isSkipped: false }
    if (!random.chance(share)) return [first]
    const at = intent.at + intent.durationMs + random.logNormal(gapMs, 0.7)
    return [first, { intent, at, attempt: 2, isSkipped: at < onsetMs }]
  })
}

const drifts: readonly string[] = [
  'the check for seen work asks for status done, the writer sets completed',
  'references are written in upper case, the check compares as they come',
  'records moved to another table, the check still reads the old one',
  'seen keys are stored with a prefix of the tenant',
]

function changed(world: World): void {
  const { random, domain, onsetMs } = world
  world.title(`${domain.thing}s ${domain.verb} twice`)
  world.summary(`Since ${new Date(onsetMs).toISOString().slice(11, 16)} repeats get through.`)
  world.change({
    at: onsetMs - random.int(2, 200) * 1000,
    kind: random.pick(['deploy', 'migration']),
    name: `${domain.service}-records`,
    message: random.pick(drifts),
  })
}

/** Messages with their attempts, effects, and a log in which the skipping of repeats ends. */
function skipsEnd(world: World): void {
  const { random } = world
  const found = arrivals(world, random.pick([3000, 20_000, 60_000]))
  changed(world)
  world.addEffects(effectsOf(world, found))
  const rows = found.map(({ intent, at, attempt }) => {
    return world.delivery(intent, {
      event: world.id('event', intent.n),
      at,
      attempt,
      durationMs: attempt === 1 ? intent.durationMs : 9,
    })
  })
  world.add({ kind: 'deliveries', name: 'inbox', rows, isEssential: true, optional: ['bytes', 'kind'] })
  const lines = found.flatMap(({ intent, at, isSkipped }): Line[] => {
    if (isSkipped)
      return [
        {
          at: at + 4,
          level: 'INFO',
          message: 'already processed, skipping duplicate',
          ref: intent.ref,
          key: intent.key,
        },
      ]
    return random.chance(0.4)
      ? [{ at: at + 3, level: 'DEBUG', message: 'dedupe lookup: not seen', ref: intent.ref, key: intent.key }]
      : []
  })
  world.log('consumer', lines, { isEssential: true })
}

/** Metrics of the check: as many look-ups as before, no hits; the ledger is complete. */
function metricsFall(world: World): void {
  const { random, fromMs, toMs } = world
  const found = arrivals(world, random.pick([5000, 30_000]))
  changed(world)
  world.addEffects(effectsOf(world, found))
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000) {
    const here = found.filter((one) => one.at >= at && one.at < at + 60_000)
    metrics.push({ at, name: 'dedupe_lookups', value: here.length })
    metrics.push({ at, name: 'dedupe_hits', value: here.filter(({ isSkipped }) => isSkipped).length })
    metrics.push({ at, name: 'dedupe_store_up', value: 1 })
  }
  world.add({ kind: 'metrics', name: 'dedupe', rows: metrics, isEssential: true })
  const ledger = found
    .filter(({ isSkipped }) => !isSkipped)
    .map(({ intent, at }) => world.ledger(intent, { at: at + intent.durationMs + 5 }))
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, optional: ['worker'] })
}

/** The door answers repeats from what it kept, with 200 instead of 201; since the change they are all 201. */
function replaysEnd(world: World): void {
  const { random } = world
  const found = arrivals(world, random.pick([2000, 12_000]))
  changed(world)
  world.addEffects(effectsOf(world, found))
  const calls = callsOf(world, found, [2, 9])
  world.add({
    kind: 'requests',
    name: 'access',
    rows: calls,
    isEssential: true,
    optional: ['worker', 'host'],
  })
  const lines = found.flatMap(({ intent, at, isSkipped }): Line[] =>
    isSkipped
      ? [
          {
            at: at + 2,
            level: 'INFO',
            message: 'idempotent replay: answer of the first request returned',
            key: intent.key,
          },
        ]
      : [],
  )
  world.log('api', lines, { isEssential: true })
}

export const d04: Generator = {
  cause: 'D04',
  variants: [
    { name: 'skips-end', make: skipsEnd },
    { name: 'metrics-fall', make: metricsFall },
    { name: 'replays-end', make: replaysEnd },
  ],
}
