import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { World } from '../world.ts'

/*
 * Nothing happened twice. The rows that look like pairs are meant: a hold that is released or captured later, instalments
 * of one purchase, an order that was placed again, or an export that joined two tables and gave a row for each match.
 */

/** A hold, then its void or its capture: the pair is settled once. */
function holds(world: World): void {
  const { random, domain } = world
  const rows = world.traffic({ count: random.int(300, 900) }).flatMap((intent): Row[] => {
    const hold = world.effect(intent, { status: 'authorized', kind: 'hold' })
    if (random.chance(0.75)) return [{ ...hold, status: 'captured', kind: 'capture' }]
    const at = hold.at + random.int(10, 90) * 60_000
    const isVoid = random.chance(0.5)
    const next = { at, status: isVoid ? 'voided' : 'captured', kind: isVoid ? 'void' : 'capture' }
    return at > world.toMs
      ? [hold]
      : [hold, { ...hold, ...next, effect: world.id(domain.effect), key: random.uuid() }]
  })
  world.title(`Customers see two ${domain.effects}`)
  world.summary('Customers say that they were charged twice; statements show two entries.')
  world.addEffects(rows, { name: `${domain.effects} of the provider`, keep: ['payload'] })
}

/** Instalments and parts: one reference, several effects, each with its own intent and mostly its own amount. */
function instalments(world: World): void {
  const { random, domain } = world
  const intents = world.traffic({ count: random.int(300, 900) })
  const effects: Row[] = []
  const requests: Row[] = []
  for (const intent of intents) {
    const parts = random.chance(0.15) ? random.int(2, 4) : 1
    for (let part = 1; part <= parts; part++) {
      const at = intent.at + (part - 1) * random.int(12, 40) * 60_000
      if (at > world.toMs - 60_000) break
      const key = part === 1 ? intent.key : random.uuid()
      const payload = { ...intent.payload, part, of: parts, amount: random.int(500, 20_000) }
      effects.push(world.effect(intent, { at: at + intent.durationMs, key, payload }))
      requests.push(
        world.request(intent, { at, key, session: part === 1 ? intent.session : world.id('session') }),
      )
    }
  }
  world.title(`Several ${domain.effects} of one ${domain.thing}`)
  world.summary(`The nightly check counts more than one row for many ${domain.thing}s.`)
  world.addEffects(effects, { keep: ['payload'] })
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requests,
    isEssential: true,
    optional: ['worker', 'host', 'version'],
  })
}

/** An export that was joined with a table of lines: the same effect id in several rows, nothing else differs. */
function joinFanOut(world: World): void {
  const { random, domain } = world
  const intents = world.traffic({ count: random.int(300, 1000) })
  const rows = intents.flatMap((intent) => {
    const row = world.effect(intent)
    return Array.from({ length: random.pick([1, 1, 1, 2, 2, 3]) }, (_, at) => ({ ...row, line_no: at + 1 }))
  })
  world.title(`The report counts ${domain.effects} twice`)
  world.summary('Totals of the report are higher than those of the provider.')
  world.addEffects(rows, { name: 'report export', keep: ['payload'] })
  world.add({
    kind: 'ledger',
    name: 'own records',
    rows: intents.map((intent) => world.ledger(intent)),
    optional: ['worker'],
  })
  world.add({
    kind: 'requests',
    name: 'access',
    rows: intents.map((intent) => world.request(intent)),
    optional: ['host', 'version'],
  })
}

export const n01: Generator = {
  cause: 'N01',
  variants: [
    { name: 'holds', make: holds },
    { name: 'instalments', make: instalments },
    { name: 'join-fan-out', make: joinFanOut },
  ],
}
