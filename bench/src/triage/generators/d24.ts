import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * We asked once, were answered once and recorded it once; the provider did it again on its own: a batch of its own was
 * processed twice, a backlog was worked off that had been worked off. Only its list has the second rows.
 */

interface Provided {
  readonly intents: readonly Intent[]
  /** When the provider did it again. */
  readonly again: ReadonlyMap<Intent, number>
}

/** A stretch of what came in, again after its own while; or only a share of it, where one of its machines did it. */
function providedOf(world: World): Provided {
  const { random, fromMs, toMs, onsetMs } = world
  const intents = world.traffic({ count: random.int(400, 1400) })
  const lengthMs = Math.round((onsetMs - fromMs) * random.between(0.15, 0.6))
  const startMs = fromMs + Math.round((onsetMs - fromMs - lengthMs) * random.share())
  const share = random.pick([1, 1, random.between(0.2, 0.5)])
  const own = intents.filter(({ at }) => at >= startMs && at < startMs + lengthMs && random.chance(share))
  const paceMs = Math.min(random.int(30, 700), (toMs - onsetMs - 30_000) / (own.length + 1))
  const again = new Map(own.map((intent, nth) => [intent, Math.round(onsetMs + nth * paceMs)]))
  return { intents, again }
}

/** What belongs to our machines is not on the provider's list. */
const notTheirs = { worker: undefined, host: undefined, version: undefined, bytes: undefined }

function theirRows(world: World, { intents, again }: Provided, hasKeys: boolean): readonly Row[] {
  return intents.flatMap((intent) => {
    const first = world.effect(intent, { ...notTheirs, ...(hasKeys ? {} : { key: undefined }) })
    const second = again.get(intent)
    if (second === undefined) return [first]
    return [first, { ...first, at: second, effect: world.id(world.domain.effect) }]
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`${domain.effects} are listed twice on the side of the ${domain.provider}`)
  world.summary(`Customers complain; in our own books each ${domain.thing} was ${domain.verb} once.`)
}

function addCalls(world: World, { intents }: Provided): void {
  const { domain } = world
  world.add({
    kind: 'requests',
    name: `calls to the ${domain.provider}`,
    rows: intents.map((intent) => world.request(intent, { attempt: 1 })),
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version', 'attempt'],
  })
}

function addLedger(world: World, { intents }: Provided): void {
  const rows = intents.map((intent) => world.ledger(intent))
  world.add({ kind: 'ledger', name: 'own records', rows, isEssential: true, optional: ['worker'] })
}

/** Its export beside all calls that we made and our ledger. */
function onlyInTheExport(world: World): void {
  const { random, domain } = world
  const found = providedOf(world)
  title(world)
  world.addEffects(theirRows(world, found, random.chance(0.6)), { name: `export of the ${domain.provider}` })
  addCalls(world, found)
  addLedger(world, found)
}

/** Files of a bank: one of ours was sent once and stands in two of its batches. */
function processedTwice(world: World): void {
  const { random, domain } = world
  const found = providedOf(world)
  title(world)
  const batches = new Map<number, string>()
  const batchOf = (at: number): string => {
    const number = Math.floor((at - world.fromMs) / 1_800_000)
    const batch = batches.get(number) ?? world.id('batch')
    batches.set(number, batch)
    return batch
  }
  const rows = theirRows(world, found, false).map((row) => ({ ...row, run: batchOf(row.at) }))
  world.addEffects(rows, { name: `statement of the ${domain.provider}` })
  addLedger(world, found)
  const sent = new Map<number, number>()
  for (const { at } of found.intents) {
    const number = Math.floor((at - world.fromMs) / 1_800_000)
    sent.set(number, (sent.get(number) ?? 0) + 1)
  }
  const [written, uploaded] = random.pick([
    ['entries written', 'uploaded, receipt'],
    ['records exported', 'PUT over SFTP ok, remote size equal, receipt'],
    ['transactions in the message', 'sent, acknowledged with'],
  ] as const)
  const lines = [...sent].flatMap(([number, count]): Line[] => {
    const at = world.fromMs + (number + 1) * 1_800_000 - random.int(20_000, 60_000)
    const file = `${world.id('file', number + 1)}.xml`
    return at > world.toMs
      ? []
      : [
          { at, level: 'INFO', message: `${file}: ${count} ${written}` },
          { at: at + 4000, level: 'INFO', message: `${file} ${uploaded} ${random.hex(10)}` },
        ]
  })
  world.log('upload', lines, { isEssential: true })
}

/** It tells us by webhook of effects for which there was no call. */
function toldOfMore(world: World): void {
  const { random, domain, onsetMs } = world
  const found = providedOf(world)
  title(world)
  const rows = theirRows(world, found, true)
  world.addEffects(rows, { name: `list of the ${domain.provider}`, drop: ['payload'] })
  addCalls(world, found)
  const told = rows.map(
    (row): Row => ({
      at: row.at + random.int(300, 4000),
      ref: row.ref,
      event: world.id('event'),
      effect: row.effect,
      kind: `${domain.effect}.succeeded`,
      status: 200,
      durationMs: random.logNormal(20, 0.5),
      attempt: 1,
    }),
  )
  world.add({
    kind: 'deliveries',
    name: `webhooks of the ${domain.provider}`,
    rows: told,
    optional: ['attempt'],
  })
  addLedger(world, found)
  if (random.chance(0.5))
    world.alert(
      onsetMs + random.int(10, 50) * 60_000,
      `status page of the ${domain.provider}`,
      'a backlog of last hours is being processed after maintenance',
    )
}

export const d24: Generator = {
  cause: 'D24',
  variants: [
    { name: 'only-in-the-export', make: onlyInTheExport },
    { name: 'processed-twice', make: processedTwice },
    { name: 'told-of-more', make: toldOfMore },
  ],
}
