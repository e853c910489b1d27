import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The other side does it again by itself: it loads our file a second time, its own queue is played back after a trouble of
 * theirs, its night run starts anew. We asked once and have it once; only the list of the other side has it twice, for a
 * stretch of it, long after our request.
 */

interface Theirs {
  readonly intents: readonly Intent[]
  /** When they did it again. */
  readonly again: ReadonlyMap<Intent, number>
}

/** All that came in a stretch of time before the onset is worked through again from the onset on, in its order. */
function theirsOf(world: World): Theirs {
  const { random, onsetMs, fromMs } = world
  const intents = world.traffic()
  const endMs = onsetMs - random.int(1, 15) * 60_000
  const startMs = Math.max(fromMs, endMs - random.int(15, 70) * 60_000)
  const stretch = intents.filter(({ at }) => at >= startMs && at < endMs)
  const stepMs = random.int(20, 700)
  const again = new Map<Intent, number>()
  let at = onsetMs
  for (const intent of stretch) {
    again.set(intent, at)
    at += Math.max(1, random.exponential(stepMs))
  }
  return { intents, again }
}

/** Names of theirs stand in their list, none of ours: they know no worker and no host. */
function theirList(
  world: World,
  { intents, again }: Theirs,
  own: (isAgain: boolean) => object,
): readonly Row[] {
  const anonymous = { worker: undefined, host: undefined, version: undefined, bytes: undefined }
  return intents.flatMap((intent) => {
    const second = again.get(intent)
    const first = world.effect(intent, { ...anonymous, ...own(false) })
    return second === undefined
      ? [first]
      : [first, world.effect(intent, { ...anonymous, ...own(true), at: second })]
  })
}

function ourCalls(world: World, { intents }: Theirs, isEssential: boolean): void {
  world.add({
    kind: 'requests',
    name: `calls to the ${world.domain.provider}`,
    rows: intents.map((intent) => world.request(intent)),
    isEssential,
    optional: ['session', 'worker', 'host', 'version'],
  })
}

function ourLedger(world: World, { intents }: Theirs, isEssential: boolean): void {
  world.add({
    kind: 'ledger',
    name: 'own records',
    rows: intents.map((intent) => world.ledger(intent)),
    isEssential,
    optional: ['worker', 'key'],
  })
}

function title(world: World, { again }: Theirs): void {
  const { domain } = world
  world.title(`The ${domain.provider} lists more ${domain.effects} than we do`)
  world.summary(`${again.size} more on their list than on ours, all from one part of the day.`)
}

/** Their list against our calls and our records, and nothing else. */
function listAgainstRecords(world: World): void {
  const found = theirsOf(world)
  title(world, found)
  world.addEffects(
    theirList(world, found, () => ({})),
    { name: `export of the ${world.domain.provider}`, drop: ['key'] },
  )
  ourCalls(world, found, true)
  ourLedger(world, found, true)
}

/** Files that we hand over once an hour; their statement says from which of their loads each line is. */
function loadedTwice(world: World): void {
  const { random, domain, fromMs, toMs } = world
  const found = theirsOf(world)
  title(world, found)
  const [load, reload] = [world.id('load'), world.id('load')]
  const column = random.pick(['load_id', 'import_no', 'ingest'])
  world.addEffects(
    theirList(world, found, (isAgain) => ({ [column]: isAgain ? reload : load, key: undefined })),
    { name: `statement of the ${domain.provider}` },
  )
  const lines: Line[] = []
  for (let at = fromMs + 600_000; at < toMs; at += 1_800_000) {
    const count = found.intents.filter((one) => one.at >= at - 1_800_000 && one.at < at).length
    const file = world.id('file')
    lines.push(
      { at, level: 'INFO', message: `handing over ${file}, ${count} lines` },
      {
        at: at + random.int(900, 4000),
        level: 'INFO',
        message: `${file} accepted, checksum ${random.hex(8)}`,
      },
    )
  }
  world.log('hand-over', lines, { isEssential: true })
  ourLedger(world, found, true)
}

const notices: readonly string[] = [
  'status page of the provider: delayed items are being processed again',
  'notice of the provider: we recovered a queue from a backup, items may be processed more than once',
  'notice of the provider: investigating repeated processing on our platform',
]

/** They had a trouble and said so: answers were quick and single, our client tried nothing again. */
function theirTrouble(world: World): void {
  const { random, domain, onsetMs } = world
  const found = theirsOf(world)
  title(world, found)
  world.addEffects(
    theirList(world, found, () => ({})),
    { name: `list of the ${domain.provider}`, drop: ['key'] },
  )
  ourCalls(world, found, true)
  const notice = random.pick(notices)
  world.alert(onsetMs + random.int(5, 40) * 60_000, 'provider status', notice)
  const lines = found.intents
    .filter((intent) => found.again.has(intent) || random.chance(0.3))
    .map((intent): Line => {
      return {
        at: intent.at + intent.durationMs,
        level: 'INFO',
        message: `${domain.provider} accepted at the first attempt`,
        ref: intent.ref,
        worker: intent.worker.id,
      }
    })
  world.log('client', lines)
  if (random.chance(0.5)) ourLedger(world, found, false)
}

export const d24: Generator = {
  cause: 'D24',
  variants: [
    { name: 'list-against-records', make: listAgainstRecords },
    { name: 'loaded-twice', make: loadedTwice },
    { name: 'their-trouble', make: theirTrouble },
  ],
}
