import { describe, expect, it } from 'vitest'
import {
  configurations,
  exhaust,
  type ExhaustiveSize,
  type ExhaustOptions,
  type ExhaustReport,
  exhaustiveText,
} from '../../src/simulation/exhaustive/index.ts'
import type { InvariantId } from '../../src/testing/invariant-ids.ts'

const size = ((): ExhaustiveSize => {
  const asked = process.env['ONCEWARD_TEST_SIZE']
  return asked === 'verify' || asked === 'full' ? asked : 'small'
})()
const isWhole = size !== 'small'
const maxStates = 2_000_000

const calm = { workers: 2, replication: 'sync', crashes: 0, lapses: 0, lostReplies: 0, failovers: 0 } as const
const lost = { ...calm, failovers: 1, replication: 'async' } as const

interface Caught {
  readonly id: string
  readonly by: InvariantId
  readonly options: ExhaustOptions
  /** Takes more than a second: not in `npm test`. */
  readonly isSlow?: true
}

/** Every mutant that a world of one key can show, where, and which invariant notices first. */
const caught: readonly Caught[] = [
  { id: 'raw-code-means-not-done', by: 'I2', options: { ...calm, safety: 'blind', lostReplies: 1 } },
  { id: 'every-error-means-not-done', by: 'I2', options: { ...calm, safety: 'blind', lostReplies: 1 } },
  { id: 'definite-failure-is-unknown', by: 'I8', options: { ...calm, safety: 'blind', refusals: 1 } },
  {
    id: 'failure-speaks-for-all',
    by: 'I2',
    options: { ...calm, safety: 'keyed', lostReplies: 1, refusals: 1 },
  },
  { id: 'lapsed-blind-runs', by: 'I5', options: { ...calm, safety: 'blind', lapses: 2 } },
  {
    id: 'lapsed-verifiable-runs',
    by: 'I1',
    options: { ...calm, safety: 'verifiable', lapses: 2, lostReplies: 1 },
  },
  { id: 'asks-without-settling-time', by: 'I1', options: { ...calm, safety: 'verifiable', lostReplies: 1 } },
  { id: 'key-lifetime-ignored', by: 'I1', options: { ...calm, safety: 'keyed', lapses: 5 }, isSlow: true },
  {
    id: 'key-lifetime-without-request-timeout',
    by: 'I1',
    options: { ...calm, safety: 'keyed', lapses: 5 },
    isSlow: true,
  },
  {
    id: 'key-lifetime-looked-at-once',
    by: 'I1',
    options: { ...calm, safety: 'keyed', lapses: 5 },
    isSlow: true,
  },
  { id: 'effect-key-names-the-attempt', by: 'I1', options: { ...calm, safety: 'keyed', lostReplies: 1 } },
  { id: 'round-rises-on-unknown', by: 'I1', options: { ...calm, safety: 'keyed', lostReplies: 1 } },
  { id: 'fingerprint-ignored', by: 'I6', options: { ...calm, safety: 'blind', otherInput: true } },
  {
    id: 'fingerprint-checked-late',
    by: 'I6',
    options: { ...calm, safety: 'keyed', lapses: 2, otherInput: true },
  },
  { id: 'lease-always-held', by: 'I4', options: { ...calm, safety: 'keyed', lapses: 2 } },
  { id: 'blind-does-not-wait-for-recall', by: 'I5', options: { ...lost, safety: 'blind' } },
  {
    id: 'verifiable-does-not-ask-first',
    by: 'I1',
    options: { ...lost, safety: 'verifiable', lapses: 2 },
    isSlow: true,
  },
  {
    id: 'asks-while-a-lost-lease-runs',
    by: 'I1',
    options: { ...lost, safety: 'verifiable', lapses: 3 },
    isSlow: true,
  },
  {
    id: 'late-failure-is-final',
    by: 'I2',
    options: { ...lost, safety: 'keyed', lapses: 2, refusals: 1 },
    isSlow: true,
  },
  {
    id: 'transactional-outcome-recalled',
    by: 'I2',
    options: { ...lost, safety: 'transactional', lostReplies: 1 },
  },
  {
    id: 'takeover-forgets-the-unknown',
    by: 'I2',
    options: { ...calm, safety: 'keyed', lostReplies: 1, refusals: 1 },
  },
  {
    id: 'takeover-moves-first-send',
    by: 'I1',
    options: { ...calm, safety: 'keyed', lapses: 5, crashes: 1 },
    isSlow: true,
  },
  {
    id: 'claims-overwrite',
    by: 'I4',
    options: { ...calm, safety: 'blind', lostReplies: 1, refusals: 1, calls: 2 },
  },
  { id: 'doubt-is-retried', by: 'I5', options: { ...calm, safety: 'blind', lapses: 2 } },
  {
    id: 'visible-counts-as-claimed',
    by: 'I4',
    options: { ...calm, safety: 'keyed', lapses: 2, lostReplies: 1 },
  },
  { id: 'owner-token-is-constant', by: 'I5', options: { ...calm, safety: 'blind' } },
  { id: 'lapse-shuts-the-owner-out', by: 'I8', options: { ...calm, safety: 'blind', lapses: 2 } },
  { id: 'doubt-shuts-the-owner-out', by: 'I8', options: { ...calm, safety: 'blind', lapses: 2 } },
  { id: 'late-outcome-overwrites', by: 'I4', options: { ...calm, safety: 'keyed', lapses: 2 } },
  { id: 'stale-outcome-is-acknowledged', by: 'I7', options: { ...calm, safety: 'keyed', lapses: 2 } },
  { id: 'release-resets-the-attempt', by: 'I4', options: { ...calm, safety: 'blind', lostReplies: 1 } },
  {
    id: 'recall-skipped',
    by: 'I5',
    options: { ...lost, safety: 'blind', lapses: 4 },
    isSlow: true,
  },
  {
    id: 'recall-overwrites-newer-attempt',
    by: 'I7',
    options: { ...calm, safety: 'blind', failovers: 1, lostReplies: 1 },
  },
]

/** A caught mutant's way there is short, and no event of it is more than a line. */
function expectReadable({ violations }: ExhaustReport): void {
  const [violation] = violations
  expect(violation?.trace.length).toBeLessThanOrEqual(20)
  for (const event of violation?.trace ?? []) expect(event.length).toBeLessThan(100)
}

describe('exhaustive in the small', () => {
  it(`no interleaving breaks an invariant (${size})`, async () => {
    let states = 0
    const sometimes = new Set<string>()
    for (const options of configurations(size)) {
      const report = await exhaust({ ...options, maxStates })
      expect(report.violations, exhaustiveText(report)).toEqual([])
      expect(report.isComplete, exhaustiveText(report)).toBe(true)
      states += report.states
      for (const name of Object.keys(report.sometimes)) sometimes.add(name)
      if (isWhole) process.stdout.write(`${exhaustiveText(report)}\n`)
    }
    if (isWhole) process.stdout.write(`${states.toLocaleString('en')} distinct states\n`)
    expect(states).toBeGreaterThan({ small: 80_000, verify: 900_000, full: 3_000_000 }[size])
    expect([...sometimes]).toEqual(expect.arrayContaining([...mustHappen]))
  }, 600_000)

  it.each(caught.filter(({ isSlow }) => isSlow === undefined || isWhole))(
    'the mutant $id is caught by $by',
    async ({ id, by, options }) => {
      const report = await exhaust({ ...options, mutant: id, maxStates })
      expect(report.violations.map(({ invariant }) => invariant)).toContain(by)
      expectReadable(report)
      const standard = size === 'full' ? await exhaust({ ...options, maxStates }) : undefined
      expect(standard?.violations ?? []).toEqual([])
    },
    60_000,
  )

  it('finds the same each time, by the same way', async () => {
    const settings = { ...calm, safety: 'blind', lapses: 2, mutant: 'lapsed-blind-runs', maxStates } as const
    const [one, other] = [await exhaust(settings), await exhaust(settings)]
    expect({ ...one, durationMs: 0 }).toEqual({ ...other, durationMs: 0 })
    expect(one.violations[0]?.trace).toEqual(lapsedBlindRuns)
  })

  it('says where it was ended early, and knows no mutant that there is not', async () => {
    const controller = new AbortController()
    const settings = { ...calm, safety: 'keyed', lapses: 3, maxStates: 1_000 } as const
    expect((await exhaust(settings)).isComplete).toBe(false)
    controller.abort()
    const { states } = await exhaust({ ...settings, signal: controller.signal })
    expect(states).toBe(1)
    await expect(exhaust({ ...settings, mutant: 'none' })).rejects.toThrow('has no mutant "none"')
  })
})

/** What has not happened has not been tested. */
const mustHappen: readonly string[] = [
  'claims: held',
  'hears: held',
  'asks the target: no',
  'writes in_doubt: resolved',
  'writes succeeded: settled',
  'writes succeeded: stale',
  'dies and starts anew',
  'arrives: the key is known',
  'failover: what the standby lacks is lost',
  'hears of epoch 2 and recalls: recalled',
  'gives back what may not have been committed',
]

const lapsedBlindRuns: readonly string[] = [
  'w1 is called',
  'w1 claims: claimed',
  'w1 hears: claimed',
  'w2 is called',
  'time passes: half a lease',
  'time passes: half a lease',
  'w2 claims: held',
  'w2 hears: held',
  'w2 claims: claimed',
  'w2 hears: claimed',
]
