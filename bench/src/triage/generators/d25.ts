import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Each layer tries again by itself: the client, the gateway, the library. While the provider is slow, every try of the
 * outer layer is as many of the inner one, so that one wish becomes the product of them, and many of those calls, given up
 * as timed out, were done.
 */

interface Call {
  readonly at: number
  /** Of the outer and of the inner layer, from 1. */
  readonly outer: number
  readonly inner: number
  readonly isAnswered: boolean
  readonly isDone: boolean
  readonly durationMs: number
}

interface Wish {
  readonly intent: Intent
  readonly calls: readonly Call[]
}

interface Layers {
  readonly outer: number
  readonly inner: number
  readonly timeoutMs: number
  readonly wishes: readonly Wish[]
}

function layersOf(world: World): Layers {
  const { random, onsetMs, toMs } = world
  const [outer, inner] = random.pick([
    [3, 3],
    [2, 3],
    [3, 2],
    [4, 3],
    [3, 4],
  ] as const)
  const timeoutMs = random.pick([800, 1500, 2000, 3000])
  const untilMs = Math.min(toMs - 180_000, onsetMs + random.int(25, 70) * 60_000)
  const slow = random.between(0.3, 0.6)
  const stays = random.between(0.85, 0.97)
  const wishes = world
    .traffic({ count: random.int(250, 800), medianMs: random.int(60, 250) })
    .map((intent): Wish => {
      const isBad = intent.at >= onsetMs && intent.at < untilMs && random.chance(slow)
      if (!isBad) {
        const call = { at: intent.at, outer: 1, inner: 1, isAnswered: true, isDone: true }
        return { intent, calls: [{ ...call, durationMs: intent.durationMs }] }
      }
      const calls: Call[] = []
      let at = intent.at
      for (let one = 1; one <= outer; one++) {
        for (let two = 1; two <= inner; two++) {
          const isAnswered = calls.length > 0 && !random.chance(stays)
          const durationMs = isAnswered ? intent.durationMs : timeoutMs + random.int(0, 12)
          calls.push({
            at,
            outer: one,
            inner: two,
            isAnswered,
            isDone: isAnswered || random.chance(0.93),
            durationMs,
          })
          if (isAnswered) return { intent, calls }
          at += durationMs + 100 * 2 ** two + random.int(0, 60)
        }
        at += 500 * 2 ** one + random.int(0, 200)
      }
      return { intent, calls }
    })
  return { outer, inner, timeoutMs, wishes }
}

function effectsOf(world: World, { wishes }: Layers): readonly Row[] {
  return wishes.flatMap(({ intent, calls }) =>
    calls
      .filter(({ isDone }) => isDone)
      .map(({ at, durationMs }) =>
        world.effect(intent, { key: undefined, at: at + Math.min(durationMs, intent.durationMs) }),
      ),
  )
}

/** What the outer layer sees of its tries: one row each. */
function outerRows(
  world: World,
  { wishes }: Layers,
  row: (intent: Intent, over: Row) => Row,
): readonly Row[] {
  return wishes.flatMap(({ intent, calls }) => {
    const tries = new Set(calls.map(({ outer }) => outer))
    return [...tries].map((attempt) => {
      const own = calls.filter(({ outer }) => outer === attempt)
      const [first, last] = [own[0], own.at(-1)]
      const at = (first?.at ?? intent.at) - world.random.int(1, 4)
      const durationMs = (last?.at ?? at) + (last?.durationMs ?? 0) - at
      return row(intent, { at, attempt, durationMs, status: last?.isAnswered === true ? 201 : 504 })
    })
  })
}

function innerRows(world: World, { wishes }: Layers): readonly Row[] {
  return wishes.flatMap(({ intent, calls }) =>
    calls.map(({ at, inner, isAnswered, durationMs }) =>
      world.request(intent, {
        at,
        key: undefined,
        session: undefined,
        attempt: inner,
        durationMs,
        status: isAnswered ? 201 : 'timeout',
      }),
    ),
  )
}

function title(world: World, { timeoutMs }: Layers): void {
  const { domain } = world
  world.title(`Up to a dozen ${domain.effects} for one ${domain.thing}`)
  world.summary(
    `The side of the ${domain.provider} was slow for a while, and we are said to have flooded it.`,
  )
  world.known({ clientTimeoutMs: timeoutMs })
}

function addInner(world: World, found: Layers): void {
  world.add({
    kind: 'requests',
    name: `library calls of the ${world.domain.provider}`,
    rows: innerRows(world, found),
    isEssential: true,
    optional: ['worker', 'host', 'version'],
  })
}

/** The log of the gateway beside that of the library behind it. */
function gatewayAndLibrary(world: World): void {
  const found = layersOf(world)
  title(world, found)
  world.addEffects(effectsOf(world, found))
  const rows = outerRows(world, found, (intent, over) => world.request(intent, { ...over, key: undefined }))
  world.add({
    kind: 'requests',
    name: 'gateway access',
    rows,
    isEssential: true,
    optional: ['worker', 'host', 'version', 'session'],
  })
  addInner(world, found)
  world.config('gateway', {
    'gateway.max_attempts': found.outer,
    'gateway.per_try_timeout_ms': found.timeoutMs,
  })
  world.config('service', { 'client.max_attempts': found.inner, 'client.timeout_ms': found.timeoutMs })
}

/** One text log in which both layers speak, and their settings. */
function bothSpeak(world: World): void {
  const { random, domain } = world
  const found = layersOf(world)
  title(world, found)
  world.addEffects(effectsOf(world, found), { name: `${domain.provider} list` })
  const [timedOut, jobFailed] = random.pick([
    [`POST ${domain.path} timed out, library attempt`, 'job attempt'],
    [
      `Read timed out. (read timeout=${found.timeoutMs / 1000}) on ${domain.path}, Retry`,
      'task raised, retry',
    ],
    [
      `HttpRequestException: the operation was cancelled, ${domain.path}, policy try`,
      'message handler threw, delivery',
    ],
    [
      `ECONNABORTED timeout of ${found.timeoutMs}ms exceeded on ${domain.path}, try`,
      'queue: job stalled, attempt',
    ],
  ] as const)
  const lines = found.wishes.flatMap(({ intent, calls }): Line[] => {
    if (calls.length === 1 && !random.chance(0.2)) return []
    return calls.flatMap(({ at, outer, inner, isAnswered, durationMs }): Line[] => {
      const done = at + durationMs
      if (isAnswered)
        return [{ at: done, level: 'INFO', message: `POST ${domain.path} answered 201`, ref: intent.ref }]
      const failed: Line = {
        at: done,
        level: 'WARN',
        message: `${timedOut} ${inner}/${found.inner}`,
        ref: intent.ref,
      }
      if (inner < found.inner) return [failed]
      const told = outer < found.outer ? 'scheduling job again' : 'giving up'
      return [
        failed,
        {
          at: done + 3,
          level: 'ERROR',
          message: `${jobFailed} ${outer}/${found.outer} failed, ${told}`,
          ref: intent.ref,
        },
      ]
    })
  })
  world.log('service', lines, { isEssential: true })
  world.config(
    'service',
    { 'jobs.attempts': found.outer, 'http.retries': found.inner - 1, 'http.timeout_ms': found.timeoutMs },
    true,
  )
}

/** A queue delivers again what failed, and each delivery makes several calls. */
function queueAndLibrary(world: World): void {
  const { random, fromMs, toMs, domain } = world
  const found = layersOf(world)
  title(world, found)
  const effects = effectsOf(world, found)
  world.addEffects(effects)
  const events = new Map(found.wishes.map(({ intent }) => [intent, world.id('event')]))
  const rows = outerRows(world, found, (intent, over) =>
    world.delivery(intent, {
      ...over,
      event: events.get(intent),
      status: over.status === 201 ? 'acked' : 'nacked',
    }),
  )
  world.add({ kind: 'deliveries', name: 'queue', rows, isEssential: true, optional: ['bytes', 'kind'] })
  addInner(world, found)
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000) {
    const calls = effects.filter((row) => row.at >= at && row.at < at + 60_000).length
    metrics.push({ at, name: `${domain.effect}_calls`, value: calls + random.int(0, 2) })
  }
  world.add({ kind: 'metrics', name: 'calls per minute', rows: metrics })
}

export const d25: Generator = {
  cause: 'D25',
  variants: [
    { name: 'gateway-and-library', make: gatewayAndLibrary },
    { name: 'both-speak', make: bothSpeak },
    { name: 'queue-and-library', make: queueAndLibrary },
  ],
}
