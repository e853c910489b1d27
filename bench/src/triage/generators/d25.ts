import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Each layer tries again, and none knows of the other: three attempts of the caller, two of the proxy below it, make six.
 * While the target is slow it does the work each time, and each time the answer comes too late.
 */

interface Attempt {
  readonly intent: Intent
  readonly at: number
  readonly outer: number
  readonly inner: number
  readonly isLate: boolean
}

interface Layers {
  readonly outer: number
  readonly inner: number
  readonly timeoutMs: number
  readonly outerWaitMs: number
  readonly innerWaitMs: number
}

function layersOf({ random }: World): Layers {
  const [outer, inner] = random.pick([
    [3, 2],
    [3, 3],
    [2, 3],
    [4, 2],
    [4, 3],
    [2, 2],
  ] as const)
  return {
    outer,
    inner,
    timeoutMs: random.pick([2000, 3000, 5000]),
    outerWaitMs: random.pick([2000, 4000, 8000]),
    innerWaitMs: random.pick([50, 200, 500]),
  }
}

interface Stack {
  readonly attempts: readonly Attempt[]
  readonly untilMs: number
}

/** While the target is slow, an attempt comes back in time only now and then. */
function stackOf(world: World, layers: Layers): Stack {
  const { random, onsetMs, toMs } = world
  const untilMs = Math.min(toMs - 200_000, onsetMs + random.int(15, 40) * 60_000)
  const inTime = random.between(0.02, 0.1)
  const slowShare = random.between(0.5, 1)
  const attempts = world.traffic({ count: random.int(500, 1100) }).flatMap((intent) => {
    const isHit = intent.at >= onsetMs && intent.at < untilMs && random.chance(slowShare)
    return isHit
      ? attemptsFor(world, { intent, layers, inTime })
      : [{ intent, at: intent.at, outer: 1, inner: 1, isLate: false }]
  })
  return { attempts, untilMs }
}

interface Hit {
  readonly intent: Intent
  readonly layers: Layers
  readonly inTime: number
}

function attemptsFor({ random }: World, { intent, layers, inTime }: Hit): readonly Attempt[] {
  const found: Attempt[] = []
  let at = intent.at
  for (let outer = 1; outer <= layers.outer; outer++) {
    for (let inner = 1; inner <= layers.inner; inner++) {
      const isLate = !random.chance(inTime)
      found.push({ intent, at, outer, inner, isLate })
      if (!isLate) return found
      at += layers.timeoutMs + layers.innerWaitMs + random.int(0, 40)
    }
    at += layers.outerWaitMs + random.int(0, 300)
  }
  return found
}

/** The target finishes each of them, some after nobody waits any more. */
function effectsOf(world: World, { attempts }: Stack, layers: Layers): readonly Row[] {
  const { random } = world
  return attempts.map(({ intent, at, isLate }) =>
    world.effect(intent, {
      key: undefined,
      at: at + (isLate ? layers.timeoutMs + random.int(100, 1800) : intent.durationMs),
    }),
  )
}

function title(world: World, { outer, inner }: Layers): void {
  const { random, domain } = world
  world.title(`Up to ${outer * inner} ${domain.effects} for one ${domain.thing}`)
  world.summary(
    `During the slow phase of the ${domain.provider} some ${domain.thing}s were ${domain.verb} many times.`,
  )
  world.alert(
    world.onsetMs + random.int(60, 300) * 1000,
    'latency p99',
    `answers of the ${domain.provider} are slow`,
  )
}

function settings(world: World, { outer, inner, timeoutMs, outerWaitMs }: Layers): void {
  world.config('client', { 'retry.max_attempts': outer, 'retry.delay_ms': outerWaitMs }, true)
  world.config('proxy', { 'upstream.max_attempts': inner, 'upstream.timeout_ms': timeoutMs }, true)
  world.known({ attemptLimits: [outer, inner], clientTimeoutMs: timeoutMs })
}

/** Two access logs: the proxy's to the target, and that of the callers to the proxy. */
function callerAndProxy(world: World): void {
  const { random, domain } = world
  const layers = layersOf(world)
  const stack = stackOf(world, layers)
  title(world, layers)
  settings(world, layers)
  world.addEffects(effectsOf(world, stack, layers))
  const below = stack.attempts.map(({ intent, at, inner, isLate }) =>
    world.request(intent, {
      at,
      key: undefined,
      attempt: inner,
      status: isLate ? 504 : 201,
      durationMs: isLate ? layers.timeoutMs + random.int(0, 12) : intent.durationMs,
    }),
  )
  world.add({
    kind: 'requests',
    name: `proxy to the ${domain.provider}`,
    rows: below,
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version'],
  })
  const above = stack.attempts
    .filter(({ inner, isLate }) => inner === layers.inner || !isLate)
    .map(({ intent, at, outer, inner, isLate }): Line => {
      const what = isLate ? 'answered 504' : 'answered 201'
      const tookMs =
        (inner - 1) * (layers.timeoutMs + layers.innerWaitMs) +
        (isLate ? layers.timeoutMs : intent.durationMs)
      return {
        at: at + (isLate ? layers.timeoutMs + 15 : intent.durationMs),
        level: isLate ? 'WARN' : 'INFO',
        message: `call ${outer} of at most ${layers.outer} ${what}`,
        ref: intent.ref,
        attempt: outer,
        took_ms: tookMs,
      }
    })
  world.log('callers', above)
}

/** A queue delivers again what failed, and the HTTP client of the worker tries again by itself. */
function queueAndClient(world: World): void {
  const { random, domain } = world
  const layers = layersOf(world)
  const stack = stackOf(world, layers)
  title(world, layers)
  settings(world, layers)
  world.addEffects(effectsOf(world, stack, layers))
  const ends = new Map<string, Attempt>()
  for (const one of stack.attempts) ends.set(`${one.intent.n} ${one.outer}`, one)
  const rows = stack.attempts
    .filter(({ inner }) => inner === 1)
    .map(({ intent, at, outer }) => {
      const last = ends.get(`${intent.n} ${outer}`)
      const endMs = (last?.at ?? at) + (last?.isLate === true ? layers.timeoutMs : intent.durationMs)
      return world.delivery(intent, {
        event: world.id('event', intent.n),
        at,
        attempt: outer,
        status: last?.isLate === true ? 'nack' : 'ack',
        durationMs: endMs - at,
      })
    })
  world.add({
    kind: 'deliveries',
    name: 'queue',
    rows,
    isEssential: true,
    optional: ['bytes', 'kind', 'endpoint'],
  })
  const said = random.pick([
    (inner: number) => `Retrying request (attempt ${inner}/${layers.inner}) after read timeout`,
    (inner: number) => `Retry(total=${layers.inner - inner}) after connection broken by ReadTimeoutError`,
    (inner: number) => `http client: retry ${inner - 1} of ${layers.inner - 1}, cause: deadline exceeded`,
  ])
  const lines = stack.attempts.flatMap(({ intent, at, outer, inner }): Line[] => {
    if (inner === 1)
      return outer > 1
        ? [{ at, level: 'INFO', message: `redelivered, delivery ${outer}`, ref: intent.ref }]
        : []
    return [{ at, level: 'WARN', message: said(inner), ref: intent.ref, worker: intent.worker.id }]
  })
  world.log(`${domain.service} worker`, lines, { isEssential: true })
}

/** The SDK has attempts, and so has the mesh since it was switched on: what was three became nine. */
function meshAndSdk(world: World): void {
  const { random, domain, onsetMs, fromMs, toMs } = world
  const layers = layersOf(world)
  const stack = stackOf(world, layers)
  title(world, layers)
  settings(world, layers)
  world.change({
    at: onsetMs - random.int(20, 150) * 60_000,
    kind: 'config',
    name: 'mesh-policy',
    message: `the mesh tries failed calls up to ${layers.inner} times`,
  })
  world.addEffects(effectsOf(world, stack, layers))
  const calls = stack.attempts.map(({ intent, at, outer, inner, isLate }) =>
    world.request(intent, {
      at,
      key: undefined,
      attempt: undefined,
      'x-sdk-attempt': outer,
      'x-mesh-attempt': inner,
      status: isLate ? 'timeout' : '201',
      durationMs: isLate ? layers.timeoutMs + random.int(0, 9) : intent.durationMs,
    }),
  )
  world.add({
    kind: 'requests',
    name: `calls to the ${domain.provider}`,
    rows: calls,
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version'],
  })
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000) {
    const isSlow = at >= onsetMs && at < stack.untilMs
    metrics.push({ at, name: 'upstream_rq_retry', value: isSlow ? random.int(20, 90) : random.int(0, 1) })
    metrics.push({ at, name: 'sdk_retries_total', value: isSlow ? random.int(10, 40) : random.int(0, 1) })
  }
  world.add({ kind: 'metrics', name: 'retries', rows: metrics })
}

export const d25: Generator = {
  cause: 'D25',
  variants: [
    { name: 'caller-and-proxy', make: callerAndProxy },
    { name: 'queue-and-client', make: queueAndClient },
    { name: 'mesh-and-sdk', make: meshAndSdk },
  ],
}
