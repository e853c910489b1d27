import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { addEffectsBut, measured, sayMissing } from '../losses.ts'
import type { Intent, Over } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Bodies arrive cut, or one of the parts that make up an effect is not there in time. Above some size, or under load, a
 * field is empty or the whole cannot be read. Small ones, and those of quiet hours, are as they should be.
 */

/** Sizes of a long tail, and a limit that most stay below. */
function sized(world: World): { readonly intents: readonly Intent[]; readonly limitBytes: number } {
  const { random } = world
  const limitBytes = random.pick([4096, 8192, 16_384, 65_536])
  const intents = world
    .traffic()
    .map((intent) => ({ ...intent, bytes: random.logNormal(limitBytes * 0.4, random.between(0.6, 0.8)) }))
  return { intents, limitBytes }
}

const fields: readonly string[] = ['address', 'line_items', 'attachment', 'contact', 'note']

function title(world: World, field: string, count: number): void {
  const { domain } = world
  world.title(`${domain.effects} without ${field}`)
  world.summary(
    `${count} ${domain.effects} have an empty ${field}; the ${domain.thing}s themselves are complete.`,
  )
}

/** The field in question, in a column of its own and in the body. */
function holding({ payload }: Intent, field: string, value: string | null): Over {
  return { value, payload: { ...payload, [field]: value } }
}

/** What is in question is there or null; the effects are all there. */
function emptyAboveSize(world: World): void {
  const { random, onsetMs } = world
  const { intents, limitBytes } = sized(world)
  const isSince = random.chance(0.5)
  const field = random.pick(fields)
  const isCut = (intent: Intent): boolean => intent.bytes > limitBytes && (!isSince || intent.at >= onsetMs)
  title(world, field, intents.filter(isCut).length)
  world.addEffects(
    intents.map((intent) =>
      world.effect(intent, {
        bytes: intent.bytes,
        ...holding(intent, field, isCut(intent) ? null : random.hex(8)),
      }),
    ),
    { keep: ['bytes'] },
  )
  const message = random.pick([
    `body larger than ${limitBytes} bytes, rest was not read`,
    `Data truncated for column ${field} at row 1`,
    `multipart: part ${field} exceeds ${limitBytes}, skipped`,
  ])
  const lines = intents
    .filter(isCut)
    .map(({ at, ref, bytes }): Line => ({ at: at + 4, level: 'WARN', message, ref, content_length: bytes }))
  world.log('receiver', lines)
  world.add({
    kind: 'requests',
    name: 'access',
    rows: intents.map((intent) => world.request(intent, { bytes: intent.bytes })),
    optional: ['session', 'host', 'version', 'worker'],
  })
  world.known({ receiveLimitBytes: limitBytes })
  if (random.chance(0.6))
    world.config('edge', { 'server.max_body_bytes': limitBytes, 'server.keepalive_seconds': 65 })
  if (isSince)
    world.change({
      at: onsetMs - random.int(1, 60) * 1000,
      kind: random.pick(['config', 'deploy']),
      name: 'edge-buffers',
      message: `bodies are buffered in memory up to ${limitBytes / 1024} KiB`,
    })
}

/** Bodies are cut in the middle: they are taken with 200, cannot be parsed later, and nothing is done for them. */
function unreadableAboveSize(world: World): void {
  const { random, domain } = world
  const { intents, limitBytes } = sized(world)
  const lost = new Set(intents.filter(({ bytes }) => bytes > limitBytes))
  sayMissing(world, { lost })
  addEffectsBut(world, { intents, lost })
  world.add({
    kind: 'deliveries',
    name: 'webhook attempts',
    rows: intents.map((intent) =>
      world.delivery(intent, { bytes: intent.bytes, received_bytes: Math.min(intent.bytes, limitBytes) }),
    ),
    isEssential: true,
    optional: ['kind', 'received_bytes'],
  })
  const message = random.pick([
    `Unexpected end of JSON input at position ${limitBytes}`,
    `json: unexpected EOF after ${limitBytes} bytes`,
    `Unterminated string starting at line 1, document has ${limitBytes} characters`,
    `XML document structures must start and end within the same entity, offset ${limitBytes}`,
  ])
  const lines = [...lost].map(({ at, ref }): Line => ({ at: at + 40, level: 'ERROR', message, ref }))
  world.log('worker', lines, { isEssential: true })
  world.known({ receiveLimitBytes: limitBytes })
  if (random.chance(0.5))
    world.code(
      'schema',
      'sql',
      `create table inbox (\n  ${domain.thing}_id text,\n  body varchar(${limitBytes})\n);\n`,
    )
}

/** A part is asked of another service, and left out when it does not come in time: while there is much to do, often. */
function emptyUnderLoad(world: World): void {
  const { random, onsetMs, toMs, fromMs } = world
  const untilMs = Math.min(toMs - 60_000, onsetMs + random.int(20, 60) * 60_000)
  const quiet = world.traffic({ count: random.int(400, 800) })
  const perMs = quiet.length / (toMs - fromMs)
  const rush = world.traffic({
    count: Math.round(perMs * (untilMs - onsetMs) * random.between(4, 8)) + 100,
    fromMs: onsetMs,
    toMs: untilMs,
  })
  const share = random.between(0.35, 0.8)
  const intents = [...quiet, ...rush].toSorted((a, b) => a.at - b.at)
  const isRush = (at: number): boolean => at >= onsetMs && at < untilMs
  const empty = new Set(intents.filter(({ at }) => isRush(at) && random.chance(share)))
  const field = random.pick(fields)
  title(world, field, empty.size)
  world.addEffects(
    intents.map((intent) =>
      world.effect(intent, holding(intent, field, empty.has(intent) ? null : random.hex(8))),
    ),
  )
  const message = random.pick([
    `lookup of ${field} timed out after 200 ms, continuing without it`,
    `partial response, part ${field} is missing`,
    `fallback used for ${field}: null`,
  ])
  const lines = [...empty].map(({ at, ref }): Line => ({ at: at + 205, level: 'WARN', message, ref }))
  world.log('service', lines, { isEssential: true })
  world.add({
    kind: 'metrics',
    name: 'load',
    rows: measured(world, 60_000, (at) => ({
      requests_per_minute: intents.filter((one) => one.at >= at && one.at < at + 60_000).length,
      cpu_percent: isRush(at) ? random.int(85, 100) : random.int(10, 35),
    })),
    isEssential: true,
  })
  const requests: readonly Row[] = intents.map((intent) => world.request(intent))
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requests,
    optional: ['session', 'host', 'version', 'worker'],
  })
}

export const l08: Generator = {
  cause: 'L08',
  variants: [
    { name: 'empty-above-size', make: emptyAboveSize },
    { name: 'unreadable-above-size', make: unreadableAboveSize },
    { name: 'empty-under-load', make: emptyUnderLoad },
  ],
}
