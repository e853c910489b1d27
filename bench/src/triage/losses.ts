import type { Row } from './case.ts'
import type { Intent, Over } from './traffic.ts'
import type { World } from './world.ts'

/** What was wished for, and which of it never came. */
export interface Loss {
  readonly intents: readonly Intent[]
  readonly lost: ReadonlySet<Intent>
}

/** The target's own list, on which what was lost is missing. `over` says what else is to be said of a row. */
export function addEffectsBut(
  world: World,
  { intents, lost }: Loss,
  over: (intent: Intent) => Over = () => ({}),
): void {
  const { domain, random } = world
  const rows = intents
    .filter((intent) => !lost.has(intent))
    .map((intent) => world.effect(intent, over(intent)))
  const name = random.pick([domain.effects, `${domain.provider} list`, `export of ${domain.effects}`])
  world.addEffects(rows, { name, drop: ['key'] })
}

/** Our own door: all was taken at once, to be done later. */
export function addAccepted(world: World, intents: readonly Intent[]): void {
  const { random } = world
  world.add({
    kind: 'requests',
    name: random.pick(['accepted', 'access', 'jobs']),
    rows: intents.map((intent) =>
      world.request(intent, { status: 202, durationMs: random.logNormal(9, 0.4) }),
    ),
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version', 'key'],
  })
}

/** What those wrote who noticed first: that something is missing, and not why. */
export function sayMissing(world: World, { lost }: Pick<Loss, 'lost'>): void {
  const { domain, random } = world
  world.title(
    random.pick([
      `${domain.effects} are missing`,
      `Some ${domain.thing}s were never ${domain.verb}`,
      `Fewer ${domain.effects} than ${domain.thing}s`,
    ]),
  )
  world.summary(
    random.pick([
      `Support counts ${lost.size} ${domain.thing}s without ${domain.effect}.`,
      `The nightly comparison with the ${domain.provider} misses ${lost.size} ${domain.effects}.`,
      `Customers ask where their ${domain.effects} are; we told them they were on the way.`,
    ]),
  )
}

/** Readings of several metrics, every `everyMs` through the window. */
export function measured(
  { fromMs, toMs }: World,
  everyMs: number,
  valuesAt: (at: number) => Readonly<Record<string, number>>,
): readonly Row[] {
  const rows: Row[] = []
  for (let at = fromMs; at < toMs; at += everyMs)
    for (const [name, value] of Object.entries(valuesAt(at))) rows.push({ at, name, value })
  return rows
}
