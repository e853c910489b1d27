import type { Row } from './case.ts'
import type { Domain } from './domain.ts'
import type { Random } from './random.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface Worker {
  readonly id: string
  readonly host: string
}

/** One wish for an effect, as ordinary business brings them. */
export interface Intent {
  /** From 1 in order of time. */
  readonly n: number
  readonly ref: string
  readonly key: string
  /** When it was asked for. */
  readonly at: number
  /** What the work takes when nothing is wrong. */
  readonly durationMs: number
  readonly payload: Readonly<Record<string, unknown>>
  readonly bytes: number
  readonly customer: string
  readonly session: string
  readonly worker: Worker
}

export interface TrafficOptions {
  /** How many about. Default 300 to 1,500. */
  readonly count?: number
  readonly fromMs?: number
  readonly toMs?: number
  /** Of the latencies. Default 60 to 400. */
  readonly medianMs?: number
  /** Deviation of their logarithm. Default 0.3 to 0.6. */
  readonly spread?: number
}

export interface Setting {
  readonly random: Random
  readonly vocabulary: Vocabulary
  readonly domain: Domain
  readonly workers: readonly Worker[]
  readonly version: string
  readonly fromMs: number
  readonly toMs: number
}

/** Intents of a Poisson process whose rate swells and falls by a third over the window. */
export function trafficOf(setting: Setting, options: TrafficOptions): readonly Intent[] {
  const { random } = setting
  const { fromMs = setting.fromMs, toMs = setting.toMs, count = random.int(300, 1500) } = options
  const medianMs = options.medianMs ?? random.int(60, 400)
  const spread = options.spread ?? random.between(0.3, 0.6)
  const meanGapMs = (toMs - fromMs) / count
  const phase = random.between(0, 2 * Math.PI)
  const newKey = keyStyle(random)
  const intents: Intent[] = []
  let at = fromMs
  for (;;) {
    const swell = 1 + 0.33 * Math.sin(phase + ((at - fromMs) / (toMs - fromMs)) * 2 * Math.PI)
    at += Math.max(1, Math.round(random.exponential(meanGapMs) / swell))
    if (at > toMs - 5000) return intents
    intents.push(intentAt(setting, { at, durationMs: random.logNormal(medianMs, spread), newKey }))
  }
}

interface Drawn {
  readonly at: number
  readonly durationMs: number
  readonly newKey: (ref: string) => string
}

function intentAt(setting: Setting, { at, durationMs, newKey }: Drawn): Intent {
  const { random, vocabulary, domain, workers } = setting
  const ref = vocabulary.id(domain.thing)
  const customer = vocabulary.id('customer', random.int(1, 100_000))
  const payload = { [`${domain.thing}_id`]: ref, ...domain.payload(random, customer) }
  return {
    n: intentNumber(setting),
    ref,
    at,
    durationMs,
    payload,
    customer,
    key: newKey(ref),
    bytes: JSON.stringify(payload).length + random.int(200, 1600),
    session: vocabulary.id('session'),
    worker: random.pick(workers),
  }
}

const numbers = new WeakMap<Setting, number>()

function intentNumber(setting: Setting): number {
  const next = (numbers.get(setting) ?? 0) + 1
  numbers.set(setting, next)
  return next
}

function keyStyle(random: Random): (ref: string) => string {
  const length = random.pick([16, 24, 32])
  return random.pick<(ref: string) => string>([
    () => random.uuid(),
    () => random.hex(length),
    (ref) => `${ref}:${random.hex(6)}`,
  ])
}

/** What a generator may say otherwise of a row: `undefined` leaves the column out. */
export type Over = { readonly [field in keyof Row]?: Row[field] }

/** As the target of the effect lists it. */
export function effectRow(setting: Setting, intent: Intent, over: Over): Row {
  const { vocabulary, domain, version } = setting
  return {
    at: intent.at + intent.durationMs,
    ref: intent.ref,
    key: intent.key,
    effect: vocabulary.id(domain.effect),
    payload: intent.payload,
    worker: intent.worker.id,
    host: intent.worker.host,
    version,
    bytes: intent.bytes,
    ...over,
  }
}

/** As an access log or a client's log has it: the time is that of the beginning. */
export function requestRow(setting: Setting, intent: Intent, over: Over): Row {
  const { domain, version } = setting
  return {
    at: intent.at,
    ref: intent.ref,
    key: intent.key,
    status: 201,
    durationMs: intent.durationMs,
    endpoint: domain.path,
    session: intent.session,
    worker: intent.worker.id,
    host: intent.worker.host,
    version,
    ...over,
  }
}

/** A webhook or a message, one row an attempt. */
export function deliveryRow(setting: Setting, intent: Intent, over: Over): Row {
  const { vocabulary, domain } = setting
  return {
    at: intent.at,
    ref: intent.ref,
    event: vocabulary.id('event'),
    kind: domain.eventType,
    status: 200,
    durationMs: intent.durationMs,
    endpoint: `https://${domain.service}.example${domain.path}`,
    attempt: 1,
    bytes: intent.bytes,
    ...over,
  }
}

/** Our own record of the effect. */
export function ledgerRow(intent: Intent, over: Over): Row {
  return {
    at: intent.at + intent.durationMs + 4,
    ref: intent.ref,
    key: intent.key,
    status: 'succeeded',
    worker: intent.worker.id,
    ...over,
  }
}
