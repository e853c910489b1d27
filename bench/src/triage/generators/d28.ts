import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The target does it once. Two paths of ours book that one fact: the handler of the request, when the answer comes, and
 * the receiver of the webhook (or a poller) that tells of it. Mostly one finds the row of the other; where they come at
 * the same moment, both insert, with the same effect id.
 */

interface Fact {
  readonly intent: Intent
  readonly effect: string
  /** When the path of the request books it. */
  readonly answeredAt: number
  /** When the other path learns of it. */
  readonly toldAt: number
  /** Both found nothing, and both inserted. */
  readonly isTwice: boolean
}

/** What tells us of an effect comes some hundreds of milliseconds after it, as the answer does. */
function factsOf(world: World, toldAfter: () => number): readonly Fact[] {
  const { random, domain } = world
  const openMs = random.int(25, 80)
  return world.traffic({ medianMs: random.int(200, 700) }).map((intent) => {
    const answeredAt = intent.at + intent.durationMs
    const toldAt = intent.at + Math.round(intent.durationMs * 0.7) + toldAfter()
    const isTwice = Math.abs(toldAt - answeredAt) <= openMs
    return { intent, effect: world.id(domain.effect), answeredAt, toldAt, isTwice }
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`${domain.effects} booked twice`)
  world.summary(
    `Some ${domain.thing}s have two rows with us; the ${domain.provider} has one for each of them.`,
  )
}

/** Who inserts first has the row; the other inserts one as well only where it did not see it. */
function booked(world: World, facts: readonly Fact[], [own, other]: readonly [Row, Row]): readonly Row[] {
  return facts.flatMap(({ intent, effect, answeredAt, toldAt, isTwice }) => {
    const byAnswer = world.effect(intent, { ...own, at: answeredAt + 3, effect })
    const byOther = world.effect(intent, { ...other, at: toldAt + 4, effect, key: undefined })
    if (isTwice) return [byAnswer, byOther]
    return [answeredAt < toldAt ? byAnswer : byOther]
  })
}

/** Our table of bookings with a column that says who wrote, and the access log with both ways in. */
function ownTable(world: World): void {
  const { random, domain } = world
  const facts = factsOf(world, () => random.logNormal(350, 1))
  title(world)
  const hooks = `/webhooks/${domain.provider.replaceAll(' ', '-')}`
  const column = random.pick(['created_by', 'origin', 'inserted_via'])
  const [own, other] = random.pick<[string, string]>([
    ['api', 'webhook'],
    ['request', 'callback'],
    [`${domain.service}-controller`, `${domain.provider.replaceAll(' ', '-')}-listener`],
  ])
  const rows = booked(world, facts, [
    { at: 0, [column]: own },
    { at: 0, [column]: other },
  ])
  world.addEffects(rows, { name: 'bookings', drop: ['key'] })
  const calls = facts.flatMap(({ intent, toldAt }) => [
    world.request(intent),
    world.request(intent, {
      at: toldAt,
      endpoint: hooks,
      status: 200,
      key: undefined,
      session: undefined,
      durationMs: random.int(6, 30),
      worker: random.pick(world.workers).id,
    }),
  ])
  world.add({
    kind: 'requests',
    name: 'access',
    rows: calls,
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version', 'key'],
  })
}

const violations: readonly ((effect: string) => string)[] = [
  (effect) =>
    `ERROR: duplicate key value violates unique constraint "uq_external_id" (SQLSTATE 23505) Key (external_id)=(${effect}) already exists.`,
  (effect) => `(1062, "Duplicate entry '${effect}' for key 'external_id'")`,
  () => 'UNIQUE constraint failed: bookings.external_id',
  (effect) => `E11000 duplicate key error collection: shop.bookings index: external_id dup key: "${effect}"`,
]

/** A unique index stops the second row, but what follows from a booking was begun before it: the log has both. */
function uniqueIndex(world: World): void {
  const { random, domain } = world
  const facts = factsOf(world, () => random.logNormal(300, 1.1))
  title(world)
  world.addEffects(booked(world, facts, [{ at: 0 }, { at: 0 }]), { name: `follow-ups of ${domain.effects}` })
  const violation = random.pick(violations)
  const lines = facts.flatMap(({ intent, effect, answeredAt, toldAt, isTwice }): Line[] => {
    if (!isTwice && !random.chance(0.25)) return []
    const answer: Line = {
      at: answeredAt,
      level: 'INFO',
      message: 'request handler: booking',
      ref: intent.ref,
      effect,
    }
    const told: Line = {
      at: toldAt,
      level: 'INFO',
      message: 'webhook receiver: booking',
      ref: intent.ref,
      effect,
    }
    const [first, second] = answeredAt < toldAt ? [answer, told] : [told, answer]
    const refused: Line = { at: second.at + 9, level: 'ERROR', message: violation(effect), ref: intent.ref }
    const found: Line = { ...second, message: 'row is there already, nothing to book' }
    return isTwice ? [first, second, refused] : [first, found]
  })
  world.log('application', lines, { isEssential: true })
  const told = facts.map(({ intent, toldAt, isTwice }) =>
    world.delivery(intent, {
      at: toldAt - 12,
      durationMs: 24,
      status: isTwice && random.chance(0.5) ? 500 : 200,
    }),
  )
  world.add({
    kind: 'deliveries',
    name: `webhooks of the ${domain.provider}`,
    rows: told,
    optional: ['bytes', 'kind', 'durationMs'],
  })
}

/** A poller fetches the latest effects and books what it does not find, while the request still waits for its answer. */
function poller(world: World): void {
  const { random, domain, onsetMs } = world
  const everyMs = random.pick([1000, 2000, 5000])
  const facts = factsOf(world, () => random.int(0, everyMs)).map((fact) =>
    fact.intent.at < onsetMs ? { ...fact, toldAt: Number.POSITIVE_INFINITY, isTwice: false } : fact,
  )
  title(world)
  world.change({
    at: onsetMs - random.int(10, 200) * 1000,
    kind: 'deploy',
    name: `${domain.service}-sync`,
    message: `a job reads the list of the ${domain.provider} every ${everyMs / 1000} s and books what we lack`,
  })
  const reader = world.id('process')
  const rows = booked(world, facts, [{ at: 0 }, { at: 0, worker: reader, host: undefined }])
  world.addEffects(rows, { name: 'bookings', keep: ['worker'], drop: ['key'] })
  const listed = facts.map(({ intent, effect, answeredAt }) =>
    world.ledger(intent, { at: answeredAt - 20, effect, key: undefined, worker: undefined, status: 'done' }),
  )
  world.add({ kind: 'ledger', name: `list of the ${domain.provider}`, rows: listed, isEssential: true })
  const lines = facts
    .filter(({ toldAt, answeredAt, isTwice }) => isTwice || toldAt < answeredAt)
    .map(({ intent, effect, toldAt }): Line => {
      return {
        at: toldAt,
        level: 'INFO',
        message: `not booked yet, booking from the list`,
        ref: intent.ref,
        effect,
      }
    })
  world.log('poller', lines)
}

export const d28: Generator = {
  cause: 'D28',
  variants: [
    { name: 'own-table', make: ownTable },
    { name: 'unique-index', make: uniqueIndex },
    { name: 'poller', make: poller },
  ],
}
