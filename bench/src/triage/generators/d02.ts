import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The key is minted inside the loop that tries again, so that each attempt is another wish to the provider, which guards
 * well against repeats of one key. First attempts fail fast or are answered by a proxy; what they asked for was done.
 */

interface Attempt {
  readonly intent: Intent
  readonly attempt: number
  readonly at: number
  readonly key: string
  readonly status: number
  /** When the provider did it, where it did. */
  readonly doneAt?: number
}

interface Style {
  readonly delayMs: number
  /** Whether failures before the onset kept their key. */
  readonly isSince: boolean
}

function attemptsOf(world: World, { delayMs, isSince }: Style): readonly Attempt[] {
  const { random, onsetMs } = world
  const failing = random.between(0.04, 0.15)
  return world.traffic().flatMap((intent): Attempt[] => {
    const first = { intent, attempt: 1, at: intent.at, key: intent.key }
    if (!random.chance(failing)) return [{ ...first, status: 201, doneAt: intent.at + intent.durationMs }]
    const isNew = !isSince || intent.at >= onsetMs
    // Where the key is kept, the provider answers the second from what it did at the first.
    const isDoneAtOnce = random.chance(0.7)
    const at = intent.at + intent.durationMs + Math.round(delayMs * random.between(0.8, 1.3))
    const again = { intent, attempt: 2, at, key: isNew ? random.uuid() : intent.key, status: 201 }
    const doneAt = at + random.int(40, 400)
    return [
      {
        ...first,
        status: random.pick([502, 503, 500]),
        ...(isDoneAtOnce && { doneAt: intent.at + random.int(30, 200) }),
      },
      isDoneAtOnce && !isNew ? again : { ...again, doneAt },
    ]
  })
}

function providerList(world: World, attempts: readonly Attempt[]): readonly Row[] {
  return attempts.flatMap(({ intent, key, doneAt, attempt }) =>
    doneAt === undefined ? [] : [world.effect(intent, { key, at: doneAt, attempt })],
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`Duplicate ${domain.effects}`)
  world.summary(`The ${domain.provider} lists some ${domain.thing}s with two ${domain.effects}.`)
}

/** Our calls with their headers, and the provider's list. It began with a new wrapper of the client. */
function newWrapper(world: World): void {
  const { random, domain, onsetMs } = world
  const delayMs = random.pick([500, 1000, 2000, 4000])
  const attempts = attemptsOf(world, { delayMs, isSince: true })
  title(world)
  world.change({
    at: onsetMs - random.int(10, 300) * 1000,
    kind: 'deploy',
    name: `${domain.service}-client`,
    message: 'calls go through the new wrapper, which sets the idempotency header itself',
  })
  const calls = attempts.map(({ intent, attempt, at, key, status }) =>
    world.request(intent, { attempt, at, key, status }),
  )
  world.addEffects(providerList(world, attempts), { keep: ['payload'], drop: ['attempt'] })
  world.add({
    kind: 'requests',
    name: 'outbound calls',
    rows: calls,
    optional: ['session', 'host', 'version'],
  })
  if (random.chance(0.5))
    world.config('client', { 'retry.delay_ms': delayMs, 'retry.max_attempts': 2, 'http.timeout_ms': 30_000 })
  world.known({ retryDelaysMs: [delayMs] })
}

/** A consumer mints the key when it takes a message: what is delivered again has another one. */
function consumer(world: World): void {
  const { random, domain } = world
  const attempts = attemptsOf(world, { delayMs: random.pick([5000, 15_000, 30_000]), isSince: false })
  title(world)
  const rows = attempts.map(({ intent, attempt, at, status }) => {
    return world.delivery(intent, { event: world.id('event', intent.n), attempt, at, status })
  })
  world.addEffects(providerList(world, attempts), { keep: ['worker', 'payload'], drop: ['attempt'] })
  world.add({ kind: 'deliveries', name: `${domain.thing} messages`, rows, optional: ['bytes', 'kind'] })
  world.code(
    'handler',
    'ts',
    `export async function handle(message: Message): Promise<void> {\n  const idempotencyKey = randomUUID()\n  await ${domain.service}.create(message.body, { idempotencyKey })\n  await message.ack()\n}\n`,
  )
}

/** Text log of a worker with key and attempt in each line, and a ledger that holds the last key only. */
function workerLog(world: World): void {
  const { random, domain } = world
  const attempts = attemptsOf(world, {
    delayMs: random.pick([1000, 3000, 10_000]),
    isSince: random.chance(0.5),
  })
  title(world)
  const lines = attempts.flatMap(({ intent, attempt, at, key, status }): Line[] => {
    if (attempt === 1 && status === 201 && !random.chance(0.25)) return []
    const sent: Line = {
      at,
      level: 'INFO',
      message: `sending ${domain.effect}`,
      ref: intent.ref,
      idempotency_key: key,
      attempt,
      worker: intent.worker.id,
    }
    const failed: Line = {
      at: at + intent.durationMs,
      level: 'WARN',
      message: `${domain.provider} answered ${status}, will try again`,
      ref: intent.ref,
      attempt,
    }
    return status === 201 ? [sent] : [sent, failed]
  })
  world.addEffects(providerList(world, attempts), { name: `${domain.provider} export`, keep: ['payload'] })
  world.log('worker', lines)
  const last = new Map(attempts.map((one) => [one.intent, one]))
  const ledger = [...last.values()].map(({ intent, key, at }) => world.ledger(intent, { key, at: at + 300 }))
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, optional: ['worker'] })
}

export const d02: Generator = {
  cause: 'D02',
  variants: [
    { name: 'new-wrapper', make: newWrapper },
    { name: 'consumer', make: consumer },
    { name: 'worker-log', make: workerLog },
  ],
}
