import type { Generator } from '../generator.ts'
import type { Row } from '../case.ts'
import type { Intent } from '../traffic.ts'
import type { World } from '../world.ts'

/*
 * The client gives up after its timeout while the provider goes on and does it; the client, not knowing, tries again
 * without a key. The first call of each pair took as long as the timeout, the second began right after it, and the
 * provider has two ids.
 */

interface Repeats {
  readonly effects: readonly Row[]
  /** Calls as our client logged them. */
  readonly calls: readonly Row[]
  readonly retried: readonly Intent[]
  readonly timeoutMs: number
  readonly delayMs: number
}

/** The provider is slow for a while: some first calls outlast the client's patience, and most of those were done. */
function timeouts(world: World): Repeats {
  const { random, onsetMs } = world
  const timeoutMs = random.pick([2000, 3000, 5000, 10_000, 15_000])
  const delayMs = random.pick([0, 200, 500, 1000])
  const untilMs = onsetMs + random.int(25, 90) * 60_000
  const slowShare = random.between(0.15, 0.4)
  const effects: Row[] = []
  const calls: Row[] = []
  const retried: Intent[] = []
  for (const intent of world.traffic({ medianMs: random.int(80, 300) })) {
    const isSlow = intent.at >= onsetMs && intent.at < untilMs && random.chance(slowShare)
    if (!isSlow) {
      effects.push(world.effect(intent, { key: undefined }))
      calls.push(world.request(intent, { key: undefined, attempt: 1 }))
      continue
    }
    const tookMs = timeoutMs + random.logNormal(timeoutMs * 0.15, 0.8)
    const againAt = intent.at + timeoutMs + delayMs + random.int(2, 60)
    calls.push(
      world.request(intent, {
        key: undefined,
        attempt: 1,
        status: 'timeout',
        durationMs: timeoutMs + random.int(0, 15),
      }),
    )
    calls.push(world.request(intent, { key: undefined, attempt: 2, at: againAt }))
    if (random.chance(0.8)) {
      effects.push(
        world.effect(intent, { key: undefined, at: intent.at + random.int(50, Math.min(tookMs, timeoutMs)) }),
      )
      retried.push(intent)
    }
    effects.push(world.effect(intent, { key: undefined, at: againAt + random.int(40, 200) }))
  }
  return { effects, calls, retried, timeoutMs, delayMs }
}

function said(world: World, { timeoutMs, retried }: Repeats): void {
  world.title(`${world.domain.effects} twice at the ${world.domain.provider}`)
  world.summary(
    `${retried.length} ${world.domain.thing}s have two ${world.domain.effects}; support was called.`,
  )
  world.known({ clientTimeoutMs: timeoutMs })
}

/** The client's own log of calls beside the provider's list. */
function clientLog(world: World): void {
  const found = timeouts(world)
  said(world, found)
  world.addEffects(found.effects)
  world.add({
    kind: 'requests',
    name: 'client calls',
    rows: found.calls,
    isEssential: true,
    optional: ['session', 'host', 'version', 'attempt'],
  })
  if (world.random.chance(0.6))
    world.config('client', { 'http.timeout_ms': found.timeoutMs, 'pool.size': 20 })
}

/** Nothing but a text log of the client: warnings of timeouts, retries, and the provider's list. */
function textLog(world: World): void {
  const { random, domain } = world
  const found = timeouts(world)
  said(world, found)
  world.addEffects(found.effects, { name: `${domain.provider} export` })
  const lines = found.calls.flatMap(({ at, ref, status, durationMs, attempt }) => {
    const done = at + Number(durationMs)
    if (status !== 'timeout')
      return random.chance(0.3)
        ? [
            {
              at: done,
              level: 'INFO',
              message: `POST ${domain.path} answered 201`,
              ref,
              duration_ms: durationMs,
              attempt,
            },
          ]
        : []
    return [
      {
        at: done,
        level: 'WARN',
        message: `POST ${domain.path} timed out after ${found.timeoutMs} ms`,
        ref,
        duration_ms: durationMs,
      },
      { at: done + found.delayMs, level: 'INFO', message: `retrying POST ${domain.path}, attempt 2`, ref },
    ]
  })
  world.log('client', lines, { isEssential: true })
  world.config('service', { 'client.timeout': `${found.timeoutMs}ms`, 'client.retries': 1 })
}

/** Our ledger knows one success each; metrics show the provider's p99 at the timeout. */
function ledgerAndMetrics(world: World): void {
  const { random, fromMs, toMs, onsetMs } = world
  const found = timeouts(world)
  said(world, found)
  world.addEffects(found.effects)
  world.add({
    kind: 'requests',
    name: 'outbound',
    rows: found.calls,
    isEssential: true,
    optional: ['worker', 'session', 'host', 'version'],
  })
  const ledger = found.calls.flatMap((call) =>
    call['status'] === 201
      ? [{ at: call.at + Number(call['durationMs']) + 3, ref: call['ref'], status: 'succeeded' }]
      : [],
  )
  world.add({ kind: 'ledger', name: 'own records', rows: ledger })
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000) {
    const isBad = at >= onsetMs && at < onsetMs + 30 * 60_000
    metrics.push({
      at,
      name: 'provider_latency_p99_ms',
      value: isBad ? random.int(found.timeoutMs, found.timeoutMs * 1.2) : random.int(400, 900),
    })
  }
  world.add({ kind: 'metrics', name: 'latency', rows: metrics })
  world.alert(onsetMs + 4 * 60_000, 'provider latency', 'p99 above its threshold for 3 minutes')
}

export const d01: Generator = {
  cause: 'D01',
  variants: [
    { name: 'client-log', make: clientLog },
    { name: 'text-log', make: textLog },
    { name: 'ledger-and-metrics', make: ledgerAndMetrics },
  ],
}
