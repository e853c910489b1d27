import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Two systems keep each other up to date. A change in one is written to the other, which takes it for a change of its own
 * and writes it back: one thing goes to and fro, the origins in turn, each event the cause of the next, until somebody
 * stops it or a write that changes nothing ends it.
 */

interface Hop {
  readonly intent: Intent
  readonly at: number
  /** 0 for what a person did. */
  readonly depth: number
  readonly side: 0 | 1
  readonly event: string
  readonly parent?: string
}

interface Echo {
  readonly hops: readonly Hop[]
  readonly sides: readonly [string, string]
}

const systems = [
  ['crm', 'erp'],
  ['shop', 'warehouse'],
  ['portal', 'back office'],
  ['registry', 'campus'],
] as const

/** Ordinary changes are written over once and rest. Since the onset some of them come back. */
function echoOf(world: World): Echo {
  const { random, onsetMs, toMs } = world
  const share = random.between(0.15, 0.4)
  const lagMs = random.pick([300, 1500, 4000, 15_000])
  const most = random.int(6, 20)
  const stoppedMs = Math.min(toMs - 10_000, onsetMs + random.int(40, 90) * 60_000)
  const hops = world.traffic({ count: random.int(300, 600) }).flatMap((intent) => {
    const isEchoed = intent.at >= onsetMs && intent.at < stoppedMs && random.chance(share)
    const found: Hop[] = []
    let side: 0 | 1 = random.chance(0.5) ? 0 : 1
    let at = intent.at
    const length = isEchoed ? random.int(4, most) : 1
    for (let depth = 0; depth < length && at < toMs - 3000; depth++) {
      const event = world.id('event')
      const parent = found.at(-1)?.event
      found.push({ intent, at, depth, side, event, ...(parent !== undefined && { parent }) })
      side = side === 0 ? 1 : 0
      at += random.logNormal(lagMs, 0.3)
    }
    return found
  })
  return { hops, sides: random.pick(systems) }
}

function title(world: World, { hops, sides: [one, other] }: Echo): void {
  const { random, domain, onsetMs } = world
  const most = Math.max(...hops.map(({ depth }) => depth)) + 1
  world.title(`The same ${domain.thing}s over and over`)
  world.summary(`Up to ${most} ${domain.effects} of a single ${domain.thing}; more every minute.`)
  if (random.chance(0.7))
    world.change({
      at: onsetMs - random.int(10, 400) * 1000,
      kind: random.pick(['flag', 'config', 'deploy'] as const),
      name: `sync-${one}`,
      message: `changes in the ${other} are written back to the ${one} as well`,
    })
}

function effectsOf(
  world: World,
  { hops, sides }: Echo,
  own: (hop: Hop, side: string) => object,
): readonly Row[] {
  return hops.map((hop) =>
    world.effect(hop.intent, {
      at: hop.at + Math.min(hop.intent.durationMs, 250),
      key: undefined,
      ...own(hop, sides[hop.side]),
    }),
  )
}

/** The history of changes of both sides, with the origin of each. */
function history(world: World): void {
  const { random } = world
  const echo = echoOf(world)
  title(world, echo)
  const column = random.pick(['origin', 'changed_in', 'source_system'])
  const causeColumn = random.pick(['causation_id', 'caused_by', 'parent_event'])
  world.addEffects(
    effectsOf(world, echo, ({ parent, event }, side) => ({ [column]: side, event, [causeColumn]: parent })),
    { name: 'history of changes' },
  )
  if (random.chance(0.5))
    world.alert(world.onsetMs + 400_000, 'writes a minute', 'three times as many as yesterday')
}

/** Messages between the two, in both directions, each with the one that it follows. */
function messages(world: World): void {
  const { random } = world
  const echo = echoOf(world)
  title(world, echo)
  world.addEffects(effectsOf(world, echo, () => ({})))
  const column = random.pick(['causation_id', 'in_reply_to', 'caused_by'])
  const [one, other] = echo.sides
  const rows = echo.hops.map(({ intent, at, depth, side, event, parent }) =>
    world.delivery(intent, {
      at,
      event,
      endpoint: side === 0 ? `${one} -> ${other}` : `${other} -> ${one}`,
      kind: depth === 0 ? 'changed' : random.pick(['changed', 'changed', 'updated']),
      origin: side === 0 ? one : other,
      [column]: parent,
      attempt: undefined,
    }),
  )
  world.add({
    kind: 'deliveries',
    name: 'messages',
    rows,
    isEssential: true,
    optional: ['bytes', 'durationMs'],
  })
}

const phrases: readonly ((from: string, to: string) => string)[] = [
  (from, to) => `change received from ${from}, writing to ${to}`,
  (from, to) => `sync ${from} -> ${to}: record differs in updated_at, upserting`,
  (from, to) => `webhook from ${from} handled, pushed update to ${to}`,
]

/** The log of the connector: each line one way, the next one back. */
function connectorLog(world: World): void {
  const { random } = world
  const echo = echoOf(world)
  title(world, echo)
  const [one, other] = echo.sides
  world.addEffects(
    effectsOf(world, echo, (_hop, side) => ({ worker: `${side} connector`, host: undefined })),
    { name: 'writes', keep: ['worker'] },
  )
  const said = random.pick(phrases)
  const lines = echo.hops.map(({ intent: { ref }, at, side, event, parent, depth }): Line => {
    const message = side === 0 ? said(one, other) : said(other, one)
    return {
      at,
      level: 'INFO',
      message,
      ref,
      event,
      origin: side === 0 ? one : other,
      cause: parent,
      hops: depth,
    }
  })
  world.log('connector', lines, { isEssential: true })
}

export const d22: Generator = {
  cause: 'D22',
  variants: [
    { name: 'history', make: history },
    { name: 'messages', make: messages },
    { name: 'connector-log', make: connectorLog },
  ],
}
