import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * One effect at the provider is written down by two of ours: by the request that asked for it, when the answer is there,
 * and by the handler of the provider's webhook, which tells of the same thing. Each looks, finds nothing, and inserts. The
 * id of the effect is the same in both rows; where an index forbids it, one of the two fails.
 */

interface Fact {
  readonly intent: Intent
  readonly effect: string
  /** When the provider did it. */
  readonly doneMs: number
  readonly byRequestMs: number
  readonly byWebhookMs: number
  /** Both went for an insert: the second had looked before the first had written. */
  readonly isRaced: boolean
}

/** A webhook that comes about when the answer does meets the request; later ones find its row and leave it alone. */
function factsOf(world: World): readonly Fact[] {
  const { random, domain } = world
  const lagMs = random.pick([40, 120, 400])
  const lookMs = random.int(60, 250)
  return world.traffic({ count: random.int(400, 1300), medianMs: random.int(120, 500) }).map((intent) => {
    const doneMs = intent.at + Math.round(intent.durationMs * 0.7)
    const byRequestMs = intent.at + intent.durationMs + random.int(2, 25)
    const byWebhookMs = doneMs + random.logNormal(lagMs, 0.9) + random.int(5, 20)
    const isRaced = Math.abs(byWebhookMs - byRequestMs) < lookMs && random.chance(0.7)
    return { intent, effect: world.id(domain.effect), doneMs, byRequestMs, byWebhookMs, isRaced }
  })
}

interface Writer {
  readonly worker: string
  readonly endpoint: string
}

interface Writers {
  readonly request: Writer
  readonly webhook: Writer
}

function writersOf(world: World): Writers {
  const { domain } = world
  return {
    request: { worker: world.id('api'), endpoint: domain.path },
    webhook: { worker: world.id('hooks'), endpoint: `/webhooks/${domain.effects}` },
  }
}

interface Written extends Writer {
  readonly fact: Fact
  readonly at: number
  readonly isSecond: boolean
}

/** Both writers where they met; otherwise the first of them. */
function writesOf(facts: readonly Fact[], { request, webhook }: Writers): readonly Written[] {
  return facts.flatMap((fact) => {
    const both = [
      { fact, at: fact.byRequestMs, ...request },
      { fact, at: fact.byWebhookMs, ...webhook },
    ].toSorted((a, b) => a.at - b.at)
    return both.slice(0, fact.isRaced ? 2 : 1).map((one, nth) => ({ ...one, isSecond: nth > 0 }))
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`Our table has ${domain.effects} twice`)
  world.summary(
    `On the side of the ${domain.provider} there is each ${domain.effect} once; our own sum is higher.`,
  )
}

function addWebhooks(world: World, facts: readonly Fact[], { webhook }: Writers): void {
  const rows = facts.map(({ intent, effect, byWebhookMs }) => ({
    ...world.delivery(intent, { at: byWebhookMs - 4, endpoint: webhook.endpoint, durationMs: 6 }),
    kind: `${world.domain.effect}.succeeded`,
    effect,
  }))
  world.add({
    kind: 'deliveries',
    name: `webhooks of the ${world.domain.provider}`,
    rows,
    isEssential: true,
    optional: ['bytes', 'attempt'],
  })
}

function addRequests(world: World, facts: readonly Fact[], isEssential: boolean): void {
  world.add({
    kind: 'requests',
    name: 'access',
    rows: facts.map(({ intent }) => world.request(intent)),
    isEssential,
    optional: ['worker', 'host', 'version', 'session'],
  })
}

/** Our table as it stands, with who wrote a row; beside it the requests and the webhooks. */
function ourTable(world: World): void {
  const { random, domain } = world
  const facts = factsOf(world)
  const writers = writersOf(world)
  title(world)
  const rows = writesOf(facts, writers).map(({ fact, at, worker, endpoint }) => {
    const key = random.chance(0.5) ? fact.intent.key : undefined
    return world.effect(fact.intent, { at, effect: fact.effect, key, worker, host: undefined, endpoint })
  })
  world.addEffects(rows, { name: `table ${domain.effects}`, keep: ['worker'], drop: ['key', 'endpoint'] })
  addRequests(world, facts, true)
  addWebhooks(world, facts, writers)
}

/** The provider's list is clean; the ledger has two rows for one of its ids. */
function cleanProvider(world: World): void {
  const { domain } = world
  const facts = factsOf(world)
  const writers = writersOf(world)
  title(world)
  const list = facts.map(({ intent, effect, doneMs }) =>
    world.effect(intent, { at: doneMs, effect, worker: undefined, host: undefined, version: undefined }),
  )
  world.addEffects(list, { name: `list of the ${domain.provider}`, drop: ['key'] })
  const ledger = writesOf(facts, writers).map(({ fact, at, worker, endpoint }) =>
    world.ledger(fact.intent, { at, effect: fact.effect, worker, endpoint, key: undefined }),
  )
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, isEssential: true, optional: ['endpoint'] })
  addWebhooks(world, facts, writers)
  addRequests(world, facts, false)
  world.code(
    'record',
    'ts',
    `async function record(${domain.effect}) {\n  const found = await find(${domain.effect}.id)\n  if (found === undefined) await insert(${domain.effect})\n}\n`,
  )
}

/** A unique index came at the onset: until then rows are double, after it one of the two fails. */
function index(world: World): void {
  const { random, domain, onsetMs } = world
  const facts = factsOf(world)
  const writers = writersOf(world)
  const writes = writesOf(facts, writers)
  world.title(`Errors when ${domain.effects} are written`)
  world.summary('Before the index there were double rows; now there are errors instead.')
  const isRefused = ({ at, isSecond }: Written): boolean => isSecond && at >= onsetMs
  const rows = writes
    .filter((one) => !isRefused(one))
    .map(({ fact, at, worker, endpoint }) =>
      world.effect(fact.intent, { at, effect: fact.effect, worker, host: undefined, endpoint }),
    )
  world.addEffects(rows, { name: `table ${domain.effects}`, keep: ['worker'], drop: ['endpoint'] })
  const told = random.pick([
    `duplicate key value violates unique constraint "${domain.effects}_remote_id_key" (23505)`,
    `UniqueViolation: Key (remote_id) already exists in table ${domain.effects}`,
    `Duplicate entry for key '${domain.effects}.remote_id' (1062)`,
  ])
  const lines = writes.flatMap((one): Line[] => {
    const { fact, at, worker, endpoint } = one
    if (isRefused(one))
      return [
        { at, level: 'ERROR', message: told, ref: fact.intent.ref, worker, endpoint, effect: fact.effect },
      ]
    return random.chance(0.25)
      ? [{ at, level: 'DEBUG', message: 'no row yet, inserting', ref: fact.intent.ref, worker, endpoint }]
      : []
  })
  world.log('writers', lines, { isEssential: true })
  addWebhooks(world, facts, writers)
  world.change({
    at: onsetMs - random.int(100, 3000),
    kind: 'migration',
    name: 'unique-remote-id',
    message: `unique index on the ${domain.provider}’s id; rows that were double are kept aside`,
  })
}

export const d28: Generator = {
  cause: 'D28',
  variants: [
    { name: 'our-table', make: ourTable },
    { name: 'clean-provider', make: cleanProvider },
    { name: 'index', make: index },
  ],
}
