import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { World } from '../world.ts'

/*
 * An edge refuses what it should take: the secret of the signature was rotated on one side, a certificate ran out, a
 * list of addresses has a gap. From then on one endpoint answers 401 or 403, retries do too, and the effect is missing
 * for all of them until it is mended.
 */

interface Refused {
  readonly intents: readonly Intent[]
  readonly refused: ReadonlySet<Intent>
  readonly untilMs: number
}

function refusals(world: World, share: number): Refused {
  const { random, onsetMs, toMs } = world
  const untilMs = Math.min(toMs, onsetMs + random.int(30, 120) * 60_000)
  const intents = world.traffic()
  const refused = intents.filter(({ at }) => at >= onsetMs && at < untilMs && random.chance(share))
  world.title(`${world.domain.effects} are missing`)
  world.summary(`About ${refused.length} ${world.domain.thing}s were never ${world.domain.verb}.`)
  return { intents, refused: new Set(refused), untilMs }
}

function addEffects(world: World, { intents, refused }: Refused): void {
  const rows = intents
    .filter((intent) => !refused.has(intent))
    .map((intent) => world.effect(intent, { key: undefined, at: intent.at + intent.durationMs + 20 }))
  world.addEffects(rows)
}

/** A sender's list of webhook attempts: each refused with 401, tried again with growing gaps, given up. */
function rotatedSecret(world: World): void {
  const { random, onsetMs } = world
  const found = refusals(world, 1)
  const gaps = [60_000, 300_000, 1_800_000]
  const status = random.pick([401, 401, 403])
  const rows: Row[] = []
  for (const intent of found.intents) {
    const event = world.id('event')
    if (!found.refused.has(intent)) {
      rows.push(world.delivery(intent, { event }))
      continue
    }
    let at = intent.at
    for (let attempt = 1; attempt <= 3 && at < found.untilMs; attempt++) {
      rows.push(world.delivery(intent, { event, at, attempt, status, durationMs: random.logNormal(12, 0.4) }))
      at += gaps[attempt - 1] ?? 0
    }
  }
  world.add({
    kind: 'deliveries',
    name: 'webhook attempts',
    rows,
    isEssential: true,
    optional: ['bytes', 'kind'],
  })
  addEffects(world, found)
  if (random.chance(0.7))
    world.change({
      at: onsetMs - random.int(5, 240) * 1000,
      kind: 'config',
      name: 'webhook-credentials',
      message: 'secret of the signature rotated at the sender',
    })
  if (random.chance(0.6)) {
    const lines = [...found.refused].flatMap(({ at, ref }) => [
      { at: at + 9, level: 'WARN', message: 'signature of delivery does not match, answering 401', ref },
    ])
    world.log('receiver', lines)
  }
}

/** Requests of our clients through two edges, one of which has a list of addresses with a gap, or a certificate that ran out. */
function oneEdge(world: World): void {
  const { random, domain, toMs } = world
  const share = random.between(0.3, 0.6)
  const found = refusals(world, share)
  const [good, bad] = [
    `https://${world.id('edge')}${domain.path}`,
    `https://${world.id('edge')}${domain.path}`,
  ]
  const isTls = random.chance(0.4)
  const rows = found.intents.map((intent) => {
    // Those who come by the bad edge at other times are served well.
    const isBad =
      found.refused.has(intent) ||
      ((intent.at < world.onsetMs || intent.at >= found.untilMs) && random.chance(share))
    if (!found.refused.has(intent)) return world.request(intent, { endpoint: isBad ? bad : good })
    return world.request(intent, {
      endpoint: bad,
      status: isTls ? 495 : 403,
      durationMs: random.logNormal(5, 0.5),
    })
  })
  world.add({
    kind: 'requests',
    name: 'edge access',
    rows,
    isEssential: true,
    optional: ['session', 'worker', 'version', 'key'],
  })
  addEffects(world, found)
  const said = isTls ? 'client certificate verify error: certificate has expired' : 'access forbidden by rule'
  const lines = [...found.refused].map(({ at, ref }) => ({ at: at + 2, level: 'ERROR', message: said, ref }))
  world.log('edge errors', lines)
  if (found.untilMs < toMs && random.chance(0.5))
    world.alert(world.onsetMs + 11 * 60_000, 'share of 4xx', 'above 10 % at one edge')
}

/** The provider refuses our calls since a token lost a right; our ledger has them as failed. */
function lostRight(world: World): void {
  const { random, domain, onsetMs } = world
  const found = refusals(world, 1)
  const calls = found.intents.flatMap((intent) => {
    if (!found.refused.has(intent)) return [world.request(intent, { attempt: 1 })]
    return [1, 2].map((attempt) =>
      world.request(intent, {
        attempt,
        at: intent.at + (attempt - 1) * 2000,
        status: 401,
        durationMs: random.logNormal(30, 0.3),
      }),
    )
  })
  world.add({
    kind: 'requests',
    name: `calls to ${domain.provider}`,
    rows: calls,
    isEssential: true,
    optional: ['session', 'host'],
  })
  addEffects(world, found)
  const ledger = found.intents.map((intent) =>
    world.ledger(intent, found.refused.has(intent) ? { status: 'failed' } : {}),
  )
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, optional: ['worker'] })
  if (random.chance(0.5))
    world.change({
      at: onsetMs - random.int(1, 90) * 1000,
      kind: 'config',
      name: 'token-rights',
      message: `rights of the ${domain.provider} token reduced`,
    })
}

export const l04: Generator = {
  cause: 'L04',
  variants: [
    { name: 'rotated-secret', make: rotatedSecret },
    { name: 'one-edge', make: oneEdge },
    { name: 'lost-right', make: lostRight },
  ],
}
