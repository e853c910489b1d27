import { createHash } from 'node:crypto'
import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The key is computed, and what it is computed from changes with each attempt: the time of sending, a token of the
 * session, the number of the try. Whoever sends the same wish again sends another key.
 */

type Volatile = 'sent_at' | 'trace_id' | 'csrf' | 'nonce'

interface Wish {
  readonly intent: Intent
  readonly at: number
  readonly attempt: number
  readonly payload: Readonly<Record<string, unknown>>
}

function withVolatile(
  world: World,
  intent: Intent,
  { at, field }: { at: number; field: Volatile },
): Wish['payload'] {
  const value = field === 'sent_at' ? new Date(at).toISOString() : world.random.hex(16)
  return { ...intent.payload, [field]: value }
}

function digest(payload: Wish['payload'], length: number): string {
  return createHash('sha256').update(JSON.stringify(payload)).digest('hex').slice(0, length)
}

/** Some wishes are sent again: by a queue that delivers at least once, or because an answer got lost. */
function wishes(world: World, { field, gapMs }: { field: Volatile; gapMs: number }): readonly Wish[] {
  const { random } = world
  const share = random.between(0.03, 0.14)
  return world.traffic().flatMap((intent): Wish[] => {
    const first = {
      intent,
      at: intent.at,
      attempt: 1,
      payload: withVolatile(world, intent, { at: intent.at, field }),
    }
    if (!random.chance(share)) return [first]
    const at = intent.at + intent.durationMs + random.logNormal(gapMs, 0.4)
    return [first, { intent, at, attempt: 2, payload: withVolatile(world, intent, { at, field }) }]
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`${domain.thing}s ${domain.verb} twice`)
  world.summary(`Both ${domain.effects} of a pair look the same to the customer.`)
}

/** The provider's list has payload and key: digests of one length, and a time in the payload that differs. */
function hashedPayload(world: World): void {
  const { random } = world
  const length = random.pick([32, 40, 64])
  const found = wishes(world, {
    field: random.pick<Volatile>(['sent_at', 'trace_id', 'nonce']),
    gapMs: random.pick([2000, 20_000, 90_000]),
  })
  title(world)
  const rows = found.map(({ intent, at, payload }) =>
    world.effect(intent, { at: at + random.int(40, 300), payload, key: digest(payload, length) }),
  )
  world.addEffects(rows, { keep: ['payload'] })
  const calls = found.map(({ intent, at, attempt, payload }, index) => {
    const isAgain = found[index + 1]?.intent === intent
    return world.request(intent, { at, attempt, key: digest(payload, length), status: isAgain ? 503 : 201 })
  })
  world.add({
    kind: 'requests',
    name: 'calls',
    rows: calls,
    optional: ['session', 'host', 'version', 'attempt'],
  })
}

/** The key holds the time in plain sight, since a flag changed its format; before, repeats were turned away. */
function timeInKey(world: World): void {
  const { random, domain, onsetMs } = world
  const found = wishes(world, { field: 'sent_at', gapMs: random.pick([1000, 8000, 45_000]) })
  title(world)
  const length = random.pick([12, 16, 20])
  // The time as such would be a key for each attempt (D02): here it is one of the things that are hashed.
  const keyOf = ({ intent, at, payload }: Wish): string =>
    at < onsetMs ? intent.key : `${intent.ref}-${digest(payload, length)}`
  const rows = found
    .filter((wish) => wish.attempt === 1 || wish.intent.at >= onsetMs)
    .map(
      (wish): Row =>
        world.effect(wish.intent, {
          at: wish.at + random.int(30, 200),
          key: keyOf(wish),
          payload: wish.payload,
          attempt: wish.attempt,
        }),
    )
  world.change({
    at: onsetMs - random.int(5, 120) * 1000,
    kind: random.pick(['flag', 'deploy']),
    name: `${domain.service}_key_builder`,
    message: 'key is built from the reference and the time of sending',
  })
  world.addEffects(rows, { drop: ['attempt'] })
  if (random.chance(0.6)) {
    const ledger = rows.map(
      (row): Row => ({ at: row.at + 6, ref: row.ref, key: row.key, effect: row.effect, status: 'succeeded' }),
    )
    world.add({ kind: 'ledger', name: 'sent', rows: ledger })
  }
}

/** Code that hashes the whole message, and a log that says which key came of it. */
function tokenInMessage(world: World): void {
  const { random } = world
  const found = wishes(world, {
    field: random.pick<Volatile>(['csrf', 'trace_id']),
    gapMs: random.pick([4000, 30_000]),
  })
  title(world)
  const rows = found.map(({ intent, at, payload }) =>
    world.effect(intent, { at: at + random.int(40, 300), payload, key: digest(payload, 40) }),
  )
  world.addEffects(rows, { keep: ['payload'] })
  const deliveries = found.map(({ intent, at, attempt }) => {
    return world.delivery(intent, { event: world.id('event', intent.n), at, attempt })
  })
  world.add({ kind: 'deliveries', name: 'queue', rows: deliveries, optional: ['bytes', 'kind'] })
  const lines = found.flatMap(({ intent, at, attempt, payload }): Line[] =>
    attempt === 2 || random.chance(0.2)
      ? [
          {
            at: at + 1,
            level: 'DEBUG',
            message: 'key computed from message',
            ref: intent.ref,
            key: digest(payload, 40),
          },
        ]
      : [],
  )
  world.log('worker', lines)
  world.code(
    'key',
    'py',
    `def idempotency_key(message):\n    body = json.dumps(message.as_dict(), sort_keys=True)\n    return hashlib.sha256(body.encode()).hexdigest()[:40]\n`,
  )
}

export const d03: Generator = {
  cause: 'D03',
  variants: [
    { name: 'hashed-payload', make: hashedPayload },
    { name: 'time-in-key', make: timeInKey },
    { name: 'token-in-message', make: tokenInMessage },
  ],
}
