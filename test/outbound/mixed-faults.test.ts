import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createOnceward } from '../../src/index.ts'
import { makeClient } from '../../src/outbound/client.ts'
import { type OutboundRules, outboundRules } from '../../src/outbound/decisions.ts'
import type { ClientOptions } from '../../src/outbound/options.ts'
import { idempotencyKeyTarget } from '../../src/outbound/targets.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { outcomeOf } from './support/lab.ts'
import { outboundMutants } from './support/mutants.ts'

const size = process.env['ONCEWARD_TEST_SIZE'] ?? ''
const intents = { verify: 20_000, full: 100_000 }[size] ?? 1_000
const [keyLifetimeMs, timeoutMs] = [3000, 250]

async function startPeer(seed: number): Promise<string> {
  const file = join(import.meta.dirname, 'support', 'faulty-peer-process.ts')
  const args = [file, String(seed), String(keyLifetimeMs), String(timeoutMs * 2)]
  const peer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void peer.kill('SIGKILL'))
  const [text] = (await event(peer.stdout, 'data')) as [Buffer]
  return text.toString().trim()
}

async function effectsOf(url: string): Promise<Map<string, number>> {
  // The peer may reset any connection.
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await fetch(`${url}/effects`).catch(() => undefined)
    if (answer !== undefined) return new Map((await answer.json()) as [string, number][])
  }
  throw new Error('the peer does not answer')
}

type Outcome = Record<string, unknown>

/** What an outcome allows the count at the peer to be. */
function allowed({ status, outcome }: Outcome): readonly number[] {
  if (status === 200) return [1]
  if (outcome === 'not-sent' || outcome === 'refused') return [0]
  // A no that stands for the whole call; 5xx never says whether it was done.
  return typeof status === 'number' && status < 500 ? [0] : [0, 1]
}

function callers(url: string, rules: Partial<OutboundRules>): readonly ((n: number) => Promise<Outcome>)[] {
  const options: ClientOptions = {
    baseUrl: url,
    target: { ...idempotencyKeyTarget, keyLifetimeMs },
    timeoutMs,
    deadlineMs: 2000,
    retry: { attempts: 4, baseMs: 5, capMs: 50 },
    budget: { ratio: 1 },
  }
  const once = createOnceward({ store: memoryStore(), sweep: false })
  const parts = { rules: { ...outboundRules, ...rules } }
  const [plain, guarded] = [makeClient(options, parts), makeClient({ ...options, once }, parts)]
  onTestFinished(async () => {
    for (const client of [plain, guarded]) await client.close({ graceMs: 0 })
    await once.close({ graceMs: 0 })
  })
  const path = (n: number): string => `/intents/${n}`
  return [
    (n) => outcomeOf(plain.request({ method: 'POST', path: path(n), idempotencyKey: `key-${n}` })),
    (n) => outcomeOf(plain.request({ method: 'POST', path: path(n) })),
    async (n) => {
      const intent = { operation: 'do', key: ['intent', n] }
      const call = (): Promise<Outcome> =>
        outcomeOf(guarded.request({ method: 'POST', path: path(n), intent }))
      const first = await call()
      // What is unknown is called again: the ledger's work is the same, under the same key.
      return first['outcome'] === 'unknown' ? call() : first
    },
  ]
}

interface Seen {
  readonly outcomes: readonly Outcome[]
  /** Calls whose outcome the count at the peer does not allow. */
  readonly untrue: readonly Outcome[]
  /** The most effects that one intent has. */
  readonly most: number
}

async function play(count: number, rules: Partial<OutboundRules> = {}): Promise<Seen> {
  const url = await startPeer(20_260_115)
  const kinds = callers(url, rules)
  const outcomes: Outcome[] = []
  let next = 0
  const loop = async (): Promise<void> => {
    while (next < count) {
      const n = next
      next += 1
      outcomes[n] = (await kinds[n % kinds.length]?.(n)) ?? {}
    }
  }
  await Promise.all(Array.from({ length: 64 }, loop))
  const effects = await effectsOf(url)
  const untrue = outcomes
    .map((outcome, n) => ({ ...outcome, n, effects: effects.get(`/intents/${n}`) ?? 0 }))
    .filter((seen) => !allowed(seen).includes(seen.effects))
  return { outcomes, untrue, most: [...effects.values()].reduce((most, times) => Math.max(most, times), 0) }
}

describe('a peer with every fault mixed in', () => {
  it(`of ${intents} intents none has more than one effect, and each outcome is true`, async () => {
    const { outcomes, untrue, most } = await play(intents)
    expect(untrue).toEqual([])
    expect(most).toBe(1)
    const seen = (what: Outcome): number =>
      outcomes.filter((outcome) => Object.entries(what).every(([name, value]) => outcome[name] === value))
        .length
    // Each kind of ending was reached, or the sentence above would say less than it seems to.
    expect(seen({ status: 200 })).toBeGreaterThan(intents / 5)
    for (const what of [{ outcome: 'unknown' }, { code: 'RETRY_LATER' }, { status: 503 }, { status: 409 }])
      expect([what, seen(what) > 0]).toEqual([what, true])
  }, 300_000)

  // Of these some ten cases are expected here; rarer ones have sentences of their own.
  it.each(['reset-is-not-sent', 'keyless-is-resent'])('finds out the mutant %s', async (id) => {
    const { untrue, most } = await play(400, outboundMutants[id]?.rules(outboundRules))
    expect(untrue.length > 0 || most > 1).toBe(true)
  })
})
