import { describe, expect, it } from 'vitest'
import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import {
  contradictionChecks,
  contradictionsIn,
} from '../../../src/incidents/contradictions/contradictions.ts'
import type { Check, Contradicted } from '../../../src/incidents/contradictions/found.ts'
import type { BundleFacts } from '../../../src/incidents/model.ts'
import { knownSignals, rank } from '../../../src/incidents/rank/rank.ts'
import { isBroken } from './broken.ts'
import { examinationOf, type Made, minuteMs, startMs } from './examination.ts'

const catalogue = builtInCatalogue()
const dayMs = 24 * 60 * minuteMs
type Checks = Readonly<Record<string, Check>>

function foundIn(made: Made, checks: Checks): readonly Contradicted[] {
  const examination = examinationOf(made)
  const known = knownSignals(examination)
  return contradictionsIn(
    { bundle: examination.bundle, known, ranking: rank(examination, catalogue) },
    checks,
  )
}

function saying(...texts: readonly string[]): Pick<BundleFacts, 'claims'> {
  return { claims: texts.map((text, at) => ({ place: `whys[${at}].because`, text, evidence: 'E900' })) }
}

const onset = { fromMs: startMs, toMs: startMs + minuteMs, evidence: 'E900' }

function change(name: string, atMs: number): BundleFacts['changes'][number] {
  return { name, atMs, kind: 'deploy', text: name, evidence: 'E900' }
}

function noted(text: string, atMs: number): BundleFacts['timeline'][number] {
  return { atMs, phase: 'detect', text, evidence: 'E900' }
}

interface Case {
  readonly made: Made
  readonly fact: RegExp
  /** The same with the claim put right, which contradicts nothing. */
  readonly right: Made
}

const stuck = { signals: { 'size.at-limit': { value: true, numbers: { bytes: 4_194_304 } } } } as const
const partial = {
  no: ['loss.total'],
  signals: { 'loss.present': { value: true, numbers: { lost: 7, due: 15 } } },
} as const

const cases: Readonly<Record<string, Case>> = {
  'a TCP buffer that truncates': {
    made: { bundle: saying('When messages exceed the TCP buffer limit, they are silently truncated.') },
    fact: /stream of bytes/,
    right: { bundle: saying('A TCP buffer never leaves a message truncated.') },
  },
  'a parser that takes a cut gRPC message without an error': {
    made: { bundle: saying('Protobuf.Unmarshal does not error on partial data.') },
    fact: /carries its length/,
    right: { bundle: saying('Protobuf keeps unknown fields.') },
  },
  'a proxy that retries a POST': {
    made: { bundle: saying('The ALB retries the POST on another task.') },
    fact: /non-idempotent methods/,
    right: { bundle: saying('The ALB does not retry POST.') },
  },
  'a TCP retransmission that arrives as a request': {
    made: { bundle: saying('TCP packet retransmission gave three identical requests.') },
    fact: /sequence number/,
    right: { bundle: saying('TCP retransmissions were minimal.') },
  },
  'a constraint that protects an effect': {
    made: { yes: ['effect-ids.different'], bundle: saying('There is a unique constraint, so it is safe.') },
    fact: /guards the row/,
    right: { no: ['effect-ids.different'], bundle: saying('There is a unique constraint, so it is safe.') },
  },
  'delivery exactly once, with a repeated effect': {
    made: { yes: ['dup.present'], bundle: saying('The topic is exactly-once.') },
    fact: /ends where the broker/,
    right: { no: ['dup.present'], bundle: saying('The topic is exactly-once.') },
  },
  'a size that is the default of gRPC, said to be a buffer': {
    made: { ...stuck, bundle: saying('Sizes are capped at 4MB, the buffer.') },
    fact: /4,194,304 bytes.*gRPC receive limit/,
    right: {
      signals: { 'size.at-limit': { value: true, numbers: { bytes: 4_000_000 } } },
      bundle: saying('Sizes stop at 4 million.'),
    },
  },
  'a cause after its effect': {
    made: {
      bundle: { onset, changes: [change('v2.8.1', startMs + 90 * minuteMs)], ...saying('Caused by v2.8.1.') },
    },
    fact: /1 h 29 min after it had begun/,
    right: {
      bundle: { onset, changes: [change('v2.8.1', startMs - minuteMs)], ...saying('Caused by v2.8.1.') },
    },
  },
  'a cause far from its effect, with another one near': {
    made: {
      bundle: {
        onset,
        changes: [change('buffers', startMs - 12 * dayMs), change('release', startMs - minuteMs)],
        ...saying('Caused by buffers.'),
      },
    },
    fact: /12 d before the onset.*release, 1 min before it/,
    right: {
      bundle: { onset, changes: [change('buffers', startMs - 12 * dayMs)], ...saying('Caused by buffers.') },
    },
  },
  'a notice before it began': {
    made: {
      bundle: { onset, timeline: [noted('First duplicate is seen', startMs - 5 * minuteMs)] },
    },
    fact: /5 min before the data show any/,
    right: { bundle: { onset, timeline: [noted('First duplicate is seen', startMs + minuteMs)] } },
  },
  'a label above its rating': {
    made: {
      bundle: saying(
        'Task crash (HIGHEST LIKELIHOOD). Likelihood: Low-Medium.',
        'Webhook race. Likelihood: High.',
      ),
    },
    fact: /rates it “Low-Medium” while whys\[1\]\.because is rated high/,
    right: {
      bundle: saying('Task crash. Likelihood: Low-Medium.', 'Webhook race (most likely). Likelihood: High.'),
    },
  },
  'two likeliest accounts': {
    made: { bundle: saying('Double submit (MOST LIKELY)', 'Crash (HIGHEST LIKELIHOOD)') },
    fact: /one at most/,
    right: { bundle: saying('Double submit (MOST LIKELY)', 'Crash') },
  },
  'three likeliest accounts': {
    made: {
      bundle: saying('Double submit (MOST LIKELY)', 'Crash (HIGHEST LIKELIHOOD)', 'Pool (most probable)'),
    },
    fact: /3 accounts are each called the likeliest/,
    right: { bundle: saying('Double submit (MOST LIKELY)', 'Crash', 'Pool') },
  },
  'a likeliest account that is not ranked first': {
    made: {
      bundle: saying('H3 Task crash (HIGHEST LIKELIHOOD)', 'Ranks\n| 1 | H6 | Race |\n| 2 | H3 | Crash |'),
    },
    fact: /place 2 of 2, and H6 first/,
    right: {
      bundle: saying('H3 Task crash (HIGHEST LIKELIHOOD)', 'Ranks\n1. H3 Crash\n2. H6 Race'),
    },
  },
  'a likely account that leaves out a symptom': {
    made: { bundle: saying('H5 Pool. Likelihood: High. But it does not explain the violations.') },
    fact: /rates it “High”.*leaves a symptom out/,
    right: { bundle: saying('H5 Pool. Likelihood: Low. But it does not explain the violations.') },
  },
  'a ground that was ruled out, and used': {
    made: {
      bundle: saying('Ruled out: faults of the network.', 'H3 The answer is lost by a TCP reset.'),
    },
    fact: /^H3 rests on the network all the same/,
    right: { bundle: saying('Ruled out: faults of the network.', 'H3 It is not a TCP reset.') },
  },
  'a time before something that nobody has timed': {
    made: {
      bundle: saying(
        'An alert comes 15 minutes before the first complaint.',
        'Detected at [DETECTION_TIME].',
      ),
    },
    fact: /is not filled in/,
    right: {
      bundle: saying('An alert comes 15 minutes before the first complaint.', 'Detected at 14:45.'),
    },
  },
  'a claim that the text takes back': {
    made: {
      bundle: saying('The ALB retries the POST. The ALB does not retry POST by default.'),
    },
    fact: /takes it back itself: “The ALB does not/,
    right: { bundle: saying('The ALB does not retry POST by default.') },
  },
  'parts that are not the whole': {
    made: { bundle: saying('We received 8 of 15; the other 8 never came.') },
    fact: /8 and 8 are 16, not 15/,
    right: {
      bundle: saying('We received 8 of 15; the other 7 never came.', '7/15 failed. The other 8 of 15 came.'),
    },
  },
  'a share that is another': {
    made: { bundle: saying('A 57% failure rate (7/15) is systematic.') },
    fact: /7 of 15 is 46\.7 %, not 57 %/,
    right: { bundle: saying('A 47% failure rate (7/15) is systematic.') },
  },
  'an impact that the sources do not give': {
    made: {
      signals: { 'dup.present': { value: true, numbers: { groups: 21, refs: 400, extraRows: 22 } } },
      bundle: { impact: [{ label: 'duplicate batches', value: 23, evidence: 'E900' }] },
    },
    fact: /it is 22 or 21/,
    right: {
      signals: { 'dup.present': { value: true, numbers: { groups: 23, refs: 400, extraRows: 23 } } },
      bundle: { impact: [{ label: 'duplicate batches', value: 23, evidence: 'E900' }] },
    },
  },
  'a total outage, where a part arrives': {
    made: { ...partial, bundle: saying('The endpoint is down.') },
    fact: /8 of 15 \(53 %\) arrived/,
    right: { ...partial, bundle: saying('Some callbacks are missing.') },
  },
  'a second charge that violates a constraint on its id': {
    made: {
      yes: ['store.unique-violation-same-effect'],
      bundle: saying('The retry makes a second charge and collides with the constraint.'),
    },
    fact: /one effect was written twice/,
    right: { bundle: saying('The retry makes a second charge and collides with the constraint.') },
  },
}

/** Throws where the claim is not found, or its right form is. */
function holds({ made, fact, right }: Case, checks: Checks): void {
  const found = foundIn(made, checks)
  expect(found.map((each) => each.fact)).toContainEqual(expect.stringMatching(fact))
  for (const { source, evidence } of found) {
    expect(source).not.toBe('')
    expect(evidence.length).toBeGreaterThan(0)
  }
  expect(foundIn(right, checks).map((each) => each.fact)).toEqual([])
}

describe('contradictions', () => {
  it.each(Object.entries(cases))('%s', (_, one) => {
    holds(one, contradictionChecks)
  })

  it('are quoted from the sentence that says them, shortened, with its place', () => {
    const text = `It rained. The ALB retries the POST${' again and'.repeat(40)} again. It rained.`
    const [found] = foundIn({ bundle: saying(text) }, contradictionChecks)
    expect(found?.claim).toMatch(/^whys\[0\]\.because: “The ALB retries the POST.*…”$/)
    expect(found?.claim.length).toBeLessThan(200)
  })
})

describe('a check that is left out is noticed', () => {
  it.each(Object.keys(contradictionChecks))('%s', (name) => {
    const without = Object.fromEntries(Object.entries(contradictionChecks).filter(([each]) => each !== name))
    expect(Object.values(cases).some((one) => isBroken(() => holds(one, without)))).toBe(true)
  })
})
