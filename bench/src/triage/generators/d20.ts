import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A deploy brings an error into the sending itself: a handler is registered in two places, a success is taken for none, a
 * mark is not set. From that minute on all references have more than one effect, whatever they are, on all workers, until
 * it is taken back.
 */

interface Sent {
  readonly intent: Intent
  readonly times: readonly number[]
  readonly isBad: boolean
}

interface Regression {
  readonly sent: readonly Sent[]
  readonly version: string
  /** When it was taken back, or the end of the window. */
  readonly untilMs: number
}

function regression(world: World, more: (intent: Intent) => readonly number[]): Regression {
  const { random, onsetMs, toMs } = world
  const isReverted = random.chance(0.6)
  const untilMs = isReverted ? Math.min(toMs - 60_000, onsetMs + random.int(20, 100) * 60_000) : toMs
  const version = world.newVersion()
  const sent = world.traffic().map((intent) => {
    const isBad = intent.at >= onsetMs && intent.at < untilMs
    const first = intent.at + intent.durationMs
    return { intent, isBad, times: isBad ? [first, ...more(intent).map((ms) => first + ms)] : [first] }
  })
  return { sent, version, untilMs }
}

function effectsOf(world: World, { sent, version }: Regression, hasKeys: boolean): readonly Row[] {
  const { random } = world
  return sent.flatMap(({ intent, times, isBad }) =>
    times.map((at, nth) => {
      const key = nth === 0 ? intent.key : random.uuid()
      return world.effect(intent, {
        at,
        key: hasKeys ? key : undefined,
        version: isBad ? version : world.version,
      })
    }),
  )
}

/** The deploy, and where it was taken back that too. */
function deployed(world: World, { version, untilMs }: Regression, message: string): void {
  const { random, domain, onsetMs, toMs } = world
  world.title(`Twice as many ${domain.effects} as usual`)
  world.summary(
    `Since about ${new Date(onsetMs).toISOString().slice(11, 16)} every ${domain.thing} is concerned.`,
  )
  world.change({
    at: onsetMs - random.int(1, 40) * 1000,
    kind: 'deploy',
    name: `${domain.service}-api`,
    message,
    version,
  })
  if (untilMs < toMs)
    world.change({
      at: untilMs - random.int(500, 5000),
      kind: 'deploy',
      name: `${domain.service}-api-revert`,
      message: 'back to the version before',
      version: world.version,
    })
}

/** The handler is called by two registrations; one worker, one request, two effects a few milliseconds apart. */
function twoHandlers(world: World): void {
  const { random } = world
  const gapMs = random.int(4, 60)
  const found = regression(world, () => [random.logNormal(gapMs, 0.4)])
  deployed(
    world,
    found,
    random.pick([
      'event listeners are found by annotation',
      'framework updated',
      'handlers moved to a package of their own',
    ]),
  )
  world.addEffects(effectsOf(world, found, random.chance(0.5)), { keep: ['version', 'worker'] })
  const requests = found.sent.map(({ intent, isBad }) =>
    world.request(intent, { version: isBad ? found.version : world.version }),
  )
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requests,
    isEssential: true,
    optional: ['worker', 'host', 'key'],
  })
}

/** The provider answers 201, the new code expects 200 and tries again. */
function wrongSuccess(world: World): void {
  const { random, domain } = world
  const waitMs = random.pick([200, 500, 1000, 2000])
  const attempts = random.pick([2, 3])
  const found = regression(world, (intent) =>
    Array.from(
      { length: attempts - 1 },
      (_, nth) => (nth + 1) * (waitMs + intent.durationMs) + random.int(0, 30),
    ),
  )
  deployed(world, found, `client of the ${domain.provider} replaced by our own`)
  world.addEffects(effectsOf(world, found, random.chance(0.5)), { keep: ['version'] })
  const calls = found.sent.flatMap(({ intent, times, isBad }) =>
    times.map((at, nth) =>
      world.request(intent, {
        at: at - intent.durationMs,
        attempt: nth + 1,
        key: undefined,
        version: isBad ? found.version : world.version,
      }),
    ),
  )
  world.add({
    kind: 'requests',
    name: `calls to the ${domain.provider}`,
    rows: calls,
    isEssential: true,
    optional: ['session', 'worker', 'host'],
  })
  const unexpected = random.pick([
    `unexpected status 201 from ${domain.provider}`,
    'AssertionError: expected 200, got 201; scheduling another try',
    `response of ${domain.provider} not ok (code 201), trying again`,
  ])
  const lines = found.sent.flatMap(({ intent, times, isBad }): Line[] =>
    isBad
      ? times.map((at, nth) => ({
          at: at + 2,
          level: 'WARN',
          message: `${unexpected}, attempt ${nth + 1} of ${attempts}`,
          ref: intent.ref,
        }))
      : [],
  )
  world.log('client', lines)
}

/** What was sent is no longer marked: each round of the sender sends it again until a sweep closes it. */
function neverMarked(world: World): void {
  const { random, domain, fromMs, toMs } = world
  const pollMs = random.pick([5000, 10_000, 20_000])
  const most = random.int(1, 3)
  const found = regression(world, () =>
    Array.from({ length: most }, (_, nth) => (nth + 1) * pollMs + random.int(0, 120)),
  )
  deployed(
    world,
    found,
    random.pick(['sender marks rows in bulk', 'outbox sender rewritten', 'driver of the database updated']),
  )
  const effects = effectsOf(world, found, false)
  world.addEffects(effects, { keep: ['version'] })
  const ledger = found.sent.map(({ intent }) => world.ledger(intent, { key: undefined }))
  world.add({
    kind: 'ledger',
    name: `${domain.thing}s`,
    rows: ledger,
    isEssential: true,
    optional: ['worker'],
  })
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000) {
    const value = effects.filter((row) => row.at >= at && row.at < at + 60_000).length
    metrics.push({ at, name: `${domain.effects}_sent`, value })
  }
  world.add({ kind: 'metrics', name: 'throughput', rows: metrics })
  world.alert(world.onsetMs + 5 * 60_000, `${domain.effects} per minute`, 'well above the week before')
}

export const d20: Generator = {
  cause: 'D20',
  variants: [
    { name: 'two-handlers', make: twoHandlers },
    { name: 'wrong-success', make: wrongSuccess },
    { name: 'never-marked', make: neverMarked },
  ],
}
