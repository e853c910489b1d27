import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { addEffectsBut, type Loss, sayMissing } from '../losses.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The key by which repeats are known is too coarse: two wishes that differ have the same one. The second is taken for a
 * repeat of the first, answered as if it were done, and never done.
 */

interface Mistaken extends Loss {
  /** The key of each, shared by those that were mistaken and those they were mistaken for. */
  readonly keyOf: ReadonlyMap<Intent, string>
  /** What each was mistaken for. */
  readonly firstOf: ReadonlyMap<Intent, Intent>
}

interface Coarse {
  readonly newKey: (intent: Intent) => string
  /** Whether keys were fine before the onset. */
  readonly isSince: boolean
}

function mistaken(world: World, { newKey, isSince }: Coarse): Mistaken {
  const { random, onsetMs } = world
  const share = random.between(0.04, 0.14)
  const keyOf = new Map<Intent, string>()
  const firstOf = new Map<Intent, Intent>()
  const holderOf = new Map<string, Intent>()
  const intents = world.traffic({ count: random.int(500, 1500) }).map((drawn) => {
    const isCoarse = !isSince || drawn.at >= onsetMs
    const other =
      isCoarse && holderOf.size > 20 && random.chance(share) ? random.pick([...holderOf.values()]) : undefined
    const intent = other === undefined ? drawn : alike(world, drawn, other)
    const key = (other && keyOf.get(other)) ?? (isCoarse ? newKey(intent) : random.uuid())
    keyOf.set(intent, key)
    const holder = holderOf.get(key)
    if (holder !== undefined) firstOf.set(intent, holder)
    else if (isCoarse) holderOf.set(key, intent)
    return intent
  })
  return { intents, lost: new Set(firstOf.keys()), keyOf, firstOf }
}

/** Another wish of the same customer; now and then it even asks for the same. */
function alike({ random, domain }: World, drawn: Intent, { payload, customer }: Intent): Intent {
  const isSame = random.chance(0.5)
  return {
    ...drawn,
    customer,
    payload: { ...(isSame ? payload : drawn.payload), [`${domain.thing}_id`]: drawn.ref },
  }
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')
}

const skipped: readonly string[] = [
  'duplicate request detected, skipping',
  'idempotency key already used, returning stored response',
  'ignoring duplicate, key was seen before',
  'already processed, nothing to do',
  'INSERT ... ON CONFLICT DO NOTHING affected 0 rows, treated as duplicate',
]

function skipLines(world: World, { lost, keyOf, firstOf }: Mistaken): readonly Line[] {
  const message = world.random.pick(skipped)
  const isFirstNamed = world.random.chance(0.4)
  const level = world.random.pick(['INFO', 'WARN'])
  return [...lost].map((intent) => ({
    at: intent.at + 4,
    level,
    message,
    ref: intent.ref,
    idempotency_key: keyOf.get(intent),
    ...(isFirstNamed && { first_ref: firstOf.get(intent)?.ref }),
  }))
}

/** An API that makes the key itself from customer and day; a repeat is answered from the store in no time. */
function keyOfCustomer(world: World): void {
  const { random, domain, onsetMs } = world
  const isSince = random.chance(0.6)
  const style = random.pick<(intent: Intent) => string>([
    ({ customer, at }) => `${customer}:${day(at)}`,
    ({ customer }) => `${customer}/${domain.effect}`,
    () => random.hex(16),
  ])
  const found = mistaken(world, { newKey: style, isSince })
  sayMissing(world, found)
  addEffectsBut(world, found, (intent) => ({ key: found.keyOf.get(intent) }))
  const status = random.pick([200, 200, 409])
  const rows = found.intents.map((intent) => {
    const key = found.keyOf.get(intent)
    return found.lost.has(intent)
      ? world.request(intent, { key, status, durationMs: random.logNormal(5, 0.4) })
      : world.request(intent, { key })
  })
  world.add({
    kind: 'requests',
    name: 'access',
    rows,
    isEssential: true,
    optional: ['session', 'host', 'version', 'worker'],
  })
  world.log('api', skipLines(world, found), { isEssential: true })
  if (isSince)
    world.change({
      at: onsetMs - random.int(1, 60) * 1000,
      kind: random.pick(['deploy', 'config']),
      name: `${domain.service}-api`,
      message: 'key of repeats is built from customer and day, clients need not send one',
    })
}

/** A consumer keeps event ids in a column that is too short, so that different ids become one. */
function shortenedIds(world: World): void {
  const { random, domain } = world
  const length = random.pick([6, 8, 10])
  const found = mistaken(world, { newKey: () => random.hex(length), isSince: false })
  sayMissing(world, found)
  addEffectsBut(world, found, (intent) => ({ key: found.keyOf.get(intent) }))
  const rows = found.intents.map((intent) => {
    const key = found.keyOf.get(intent)
    const event = `${key ?? ''}${random.hex(32 - length)}`
    return found.lost.has(intent)
      ? world.delivery(intent, { event, key, status: 'duplicate', durationMs: random.int(1, 5) })
      : world.delivery(intent, { event, key, status: 'processed' })
  })
  world.add({
    kind: 'deliveries',
    name: `${domain.thing} events`,
    rows,
    isEssential: true,
    optional: ['bytes', 'kind', 'endpoint'],
  })
  world.log('consumer', skipLines(world, found))
  if (random.chance(0.6))
    world.code(
      'schema',
      'sql',
      `create table seen_events (\n  event_key char(${length}) primary key,\n  seen_at timestamptz not null\n);\n`,
    )
}

/** The provider answers our second wish with what it did for the first; our ledger believes it. */
function answeredWithAnother(world: World): void {
  const { random, domain, onsetMs } = world
  const isSince = random.chance(0.7)
  const found = mistaken(world, {
    newKey: random.pick<(intent: Intent) => string>([
      ({ session }) => session,
      ({ customer }) => customer,
      () => random.hex(12),
    ]),
    isSince,
  })
  sayMissing(world, found)
  const effectOf = new Map(found.intents.map((intent) => [intent, world.id(domain.effect)]))
  const keyed = (intent: Intent): Pick<Row, 'key' | 'effect'> => ({
    key: found.keyOf.get(intent),
    effect: effectOf.get(found.firstOf.get(intent) ?? intent),
  })
  addEffectsBut(world, found, keyed)
  world.add({
    kind: 'requests',
    name: 'outbound calls',
    rows: found.intents.map((intent) =>
      world.request(intent, {
        ...keyed(intent),
        ...(found.lost.has(intent) && { status: 200, durationMs: random.logNormal(20, 0.3) }),
      }),
    ),
    isEssential: true,
    optional: ['session', 'host', 'version', 'worker'],
  })
  world.add({
    kind: 'ledger',
    name: 'own records',
    rows: found.intents.map((intent) => world.ledger(intent, keyed(intent))),
    isEssential: true,
    optional: ['worker'],
  })
  const message = `${domain.provider} answered 200, idempotent-replayed: true`
  if (random.chance(0.5))
    world.log(
      'client',
      [...found.lost].map(({ at, ref }) => ({ at: at + 25, level: 'INFO', message, ref })),
    )
  if (isSince)
    world.change({
      at: onsetMs - random.int(1, 120) * 1000,
      kind: 'deploy',
      name: `${domain.service}-client`,
      message: 'key for the provider is taken from the context of the call',
    })
}

export const l02: Generator = {
  cause: 'L02',
  variants: [
    { name: 'key-of-customer', make: keyOfCustomer },
    { name: 'shortened-ids', make: shortenedIds },
    { name: 'answered-with-another', make: answeredWithAnother },
  ],
}
