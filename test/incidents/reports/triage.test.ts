import { describe, expect, it } from 'vitest'
import { bundles } from '../../../examples/incidents/generate.ts'
import type { Triage } from '../../../src/incidents/triage-shape.ts'
import { triaged } from './triaged.ts'

/** By bundle: what leads, in any order, and what else took part by the report. */
const causes: Readonly<
  Record<string, { readonly lead: readonly string[]; readonly among: readonly string[] }>
> = {
  fulfilment: { lead: ['D02', 'L08'], among: [] },
  overnight: { lead: ['D06', 'D17'], among: [] },
  'double-charges': { lead: ['D28'], among: ['D07', 'D08'] },
  'orders-twice': { lead: ['D10'], among: ['D01'] },
  registrations: { lead: ['D01'], among: [] },
  webhooks: { lead: ['L04', 'L09'], among: [] },
}

function ids(found: Triage): readonly string[] {
  return found.hypotheses.map(({ id }) => id)
}

function supports(found: Triage, cause: string): readonly string[] {
  return found.hypotheses.find(({ id }) => id === cause)?.supporting.map(({ signal }) => signal) ?? []
}

function valueOf(found: Triage, signal: string): boolean | undefined {
  return found.signals.find(({ id }) => id === signal)?.value
}

/** The facts that stand against claims whose quotation matches. */
function against(found: Triage, claim: RegExp): string {
  return found.contradictions
    .filter((each) => claim.test(each.claim))
    .map(({ fact }) => fact)
    .join('\n')
}

it('there is something said of every bundle', () => {
  expect(Object.keys(causes).toSorted()).toEqual(Object.keys(bundles).toSorted())
})

describe.each(Object.keys(bundles))('%s', (bundle) => {
  const { lead = [], among = [] } = causes[bundle] ?? {}

  it('names the causes of the report first, rules none of them out, and does not abstain', async () => {
    const found = await triaged(bundle)
    expect(ids(found).slice(0, lead.length).toSorted()).toEqual(lead)
    expect(among.filter((id) => !ids(found).includes(id))).toEqual([])
    expect(found.ruledOut.filter(({ hypothesis }) => [...lead, ...among].includes(hypothesis))).toEqual([])
    expect(found.abstained).toBe(false)
  })

  it('reads every source whole, with no column guessed', async () => {
    const { notes } = await triaged(bundle)
    expect(
      notes.filter((note) => /could not be read|nothing could be read|left out|guessed|assum/.test(note)),
    ).toEqual([])
    expect(notes.filter((note) => /which nobody said/.test(note))).toEqual([])
  })
})

it('fulfilment: a key per attempt first, with retries of batches turned on before', async () => {
  const found = await triaged('fulfilment')
  expect(ids(found)[0]).toBe('D02')
  expect(supports(found, 'D02')).toEqual(
    expect.arrayContaining(['keys.time-derived', 'attempt.second', 'change.retries', 'change.pair-related']),
  )
  expect(supports(found, 'L08')).toEqual(expect.arrayContaining(['field.missing-by-size', 'size.at-limit']))
})

it('fulfilment: the claim that a TCP buffer truncates is named, and what 4,194,304 is', async () => {
  const found = await triaged('fulfilment')
  expect(against(found, /TCP buffer/)).toMatch(/A TCP buffer never shortens a message/)
  expect(against(found, /TCP buffer/)).toMatch(
    /4,194,304 bytes, and that is the default of: gRPC receive limit/,
  )
  expect(against(found, /Unmarshal/)).toMatch(/carries its length/)
})

it('fulfilment: what kept both changes quiet for two weeks is asked, and how 13:42 could be noticed', async () => {
  const found = await triaged('fulfilment')
  expect(against(found, /idempotency_key_format_v2/)).toMatch(/15 d 14 h before the onset/)
  expect(against(found, /^timeline/)).toMatch(/before the data show any/)
})

it('overnight: a whole batch again, first, across a failover', async () => {
  const found = await triaged('overnight')
  expect(ids(found)[0]).toBe('D06')
  expect(supports(found, 'D06')).toEqual(expect.arrayContaining(['segments.contiguous', 'attempt.second']))
  expect(supports(found, 'D17')).toEqual(expect.arrayContaining(['store.failover', 'dups.around-failover']))
  expect(found.signals.find(({ id }) => id === 'store.failover')?.statement).toContain('38 resets')
  expect(found.contradictions).toEqual([])
})

it('overnight: it was noticed by the reconciliation, and not by what happened in silence before', async () => {
  const { followUp } = await triaged('overnight')
  expect(followUp.detectionGap).toMatch(/went by \(2026-06-03 00:15 UTC to 2026-06-03 02:36:02 UTC\)/)
  const times = [
    ...followUp.timelineNote.matchAll(/\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?(?= UTC (?:the|it|help|a|and))/g),
  ]
  const order = times.map(([time]) => time)
  expect(order).toEqual(order.toSorted((a, b) => (a < b ? -1 : 1)))
  expect(order).toHaveLength(8)
})

describe('double charges', () => {
  it('two writers and an ambiguous commit stand above double submit', async () => {
    const { ranking } = await triaged('double-charges').then((found) => ({ ranking: ids(found) }))
    const place = (id: string): number => (ranking.includes(id) ? ranking.indexOf(id) : ranking.length)
    expect(place('D28')).toBeLessThan(place('D26'))
    expect(Math.min(place('D07'), place('D08'))).toBeLessThan(place('D26'))
    expect(place('D28')).toBe(0)
    expect(Math.max(place('D07'), place('D08'))).toBeLessThanOrEqual(2)
  })

  it('leaves open what the report leaves open', async () => {
    const found = await triaged('double-charges')
    for (const signal of [
      'writers.two',
      'pool.saturated',
      'store.write-errors',
      'process.restarts-beside',
      'session.same',
      'gap.milliseconds',
      'first-answer.error',
    ])
      expect(valueOf(found, signal), signal).toBeUndefined()
    expect(valueOf(found, 'onset.at-deploy')).toBe(true)
  })

  it.each([
    [
      'H1 that an ALB sends a POST again, and takes it back',
      /: H1: /,
      /an ALB does not retry requests.*takes it back itself/,
    ],
    ['H2 is the likeliest and rated medium', /: H2: “H2/, /rates it “Medium”/],
    ['H2 is the likeliest and ranked fourth', /: H2: “H2/, /place 4 of 6, and H6 first/],
    ['H2 leaves the violation out', /: H2: “This does not explain/, /leaves a symptom out/],
    ['H3 is the likeliest and rated low to medium', /: H3: “H3/, /rates it “Low-Medium”/],
    ['H3 is the likeliest and ranked fifth', /: H3: “H3/, /place 5 of 6, and H6 first/],
    ['H5 is the likeliest as well, and ranked second', /: H5: “H5/, /place 2 of 6, and H6 first/],
    ['three are the likeliest', /H2: .*H3: .*H5: /, /3 accounts are each called the likeliest/],
    ['the network was ruled out', /network layer/, /H3 rests on the network all the same/],
    ['a single task was ruled out', /single task/, /H4 rests on one instance alone/],
    ['one payment id, and a new charge', /charges again/, /one effect was written twice/],
    [
      '15 minutes before a complaint that has no time',
      /15 minutes before/,
      /is not filled in.*DETECTION_TIME/,
    ],
  ])('names the contradiction: %s', async (_, claim, fact) => {
    expect(against(await triaged('double-charges'), claim)).toMatch(fact)
  })
})

it('orders twice: the race is brought on by a full pool, and load', async () => {
  const found = await triaged('orders-twice')
  expect(ids(found)[0]).toBe('D10')
  expect(supports(found, 'D10')).toEqual(expect.arrayContaining(['pool.saturated', 'concurrency.grows-with']))
  expect(found.signals.find(({ id }) => id === 'pool.saturated')).toMatchObject({
    value: true,
    class: 'load-dependent',
    statement: expect.stringMatching(/^100 % of 5 duplicates/),
  })
})

it('registrations: sent again at fixed intervals after a slow first answer; a load balancer that doubles is questioned', async () => {
  const found = await triaged('registrations')
  expect(supports(found, 'D01')).toEqual(
    expect.arrayContaining(['retries.fixed-interval', 'first-answer.slow']),
  )
  expect(found.signals.find(({ id }) => id === 'retries.fixed-interval')?.statement).toContain('of 2 s')
  expect(against(found, /load balancer/)).toMatch(/do not send a POST again by default/)
})

it('webhooks: refused or timed out, and no total outage', async () => {
  const found = await triaged('webhooks')
  expect(valueOf(found, 'loss.total')).toBe(false)
  expect(valueOf(found, 'loss.undelivered')).toBe(true)
  // Which of both it is, the report leaves open.
  expect(valueOf(found, 'loss.refused')).toBeUndefined()
  expect(valueOf(found, 'receiver.slow')).toBeUndefined()
  expect(ids(found)).not.toContain('L05')
  expect(against(found, /endpoint is down/)).toMatch(/8 of 15 \(53 %\) arrived/)
})
