import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { auditSource } from '../../src/reconcile/audit/audit.ts'
import {
  type Decisions,
  decisions,
  type GroupFacts,
  type Judgement,
} from '../../src/reconcile/audit/decisions.ts'
import { auditSettings } from '../../src/reconcile/audit/options.ts'
import { openSource } from '../../src/reconcile/index.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { csvOf, type Effects } from './support/effects.ts'
import { truthOf } from './support/held.ts'
import { decoys, type Story, stories, toldOf } from './support/stories.ts'

/** A broken decision; the sentences of `stories` and `decoys` must notice it. */
const mutants: readonly { readonly name: string; readonly broken: Partial<Decisions> }[] = [
  {
    name: 'instalments are duplicates',
    broken: {
      judge: (group) =>
        decisions.judge({
          ...group,
          allDiffer: [],
          differs: group.differs.filter((name) => name !== 'instalment'),
        }),
    },
  },
  {
    name: 'part payments are duplicates',
    broken: { judge: (group) => decisions.judge({ ...group, amountColumn: undefined }) },
  },
  {
    name: 'refunds are duplicates',
    broken: {
      judge: (group) =>
        decisions.judge({
          ...group,
          hasOppositeAmounts: false,
          differs: group.hasOppositeAmounts ? [] : group.differs,
        }),
    },
  },
  {
    name: 'an order after days is a duplicate',
    broken: { judge: (group) => certain(decisions.judge(group)) },
  },
  { name: 'what is far is never a rerun', broken: { judge: (group) => unclear(decisions.judge(group)) } },
  {
    name: 'one equal key makes all the same',
    broken: { keyRelationOf: (keys) => (keys.length > 0 ? 'same' : 'none') },
  },
  {
    name: 'keys are never the same',
    broken: { keyRelationOf: (keys) => (keys.length > 0 ? 'different' : 'none') },
  },
  { name: 'every two effects are a race', broken: { isRace: () => true } },
  { name: 'nothing is a race', broken: { isRace: () => false } },
  { name: 'gaps must be equal to the millisecond', broken: { toleranceMs: () => 0 } },
  { name: 'any two gaps are equal', broken: { toleranceMs: (gapMs) => gapMs * 2 } },
]

function certain(judgement: Judgement): Judgement {
  return judgement.certainty === 'far' ? { ...judgement, certainty: 'likely' } : judgement
}

function unclear(judgement: Judgement): Judgement {
  return judgement.certainty === 'far' ? { ...judgement, certainty: 'unclear' } : judgement
}

const directory = makeTemporaryDirectory()
const cases: { story: Story; effects: Effects; path: string }[] = []

beforeAll(() => {
  for (const [at, story] of [...stories, ...decoys].entries()) {
    const effects = toldOf(story, Math.max(200, story.minOrders ?? 0))
    const path = join(directory.path, `${at}.csv`)
    writeFileSync(path, csvOf(effects, { omit: story.omit ?? [] }))
    cases.push({ story, effects, path })
  }
  return () => directory.remove()
})

/** The stories that a decision gets wrong. */
async function failing(tried: Decisions): Promise<string[]> {
  const names: string[] = []
  for (const { story, effects, path } of cases) {
    const source = await openSource(path)
    const settings = auditSettings({ ref: ['order_ref'], ...(story.known && { known: story.known }) })
    const told = JSON.stringify(plain(truthOf(await auditSource(source, settings, tried))))
    if (told !== JSON.stringify(plain(effects.truth))) names.push(story.name)
    await source.close()
  }
  return names
}

function plain({ patterns, ...counts }: Effects['truth']): object {
  return { ...counts, patterns: [...patterns].toSorted((a, b) => (a < b ? -1 : 1)) }
}

it('the real decisions get every story right', async () => {
  expect(await failing(decisions)).toEqual([])
})

it.each(mutants)('is noticed: $name', async ({ broken }) => {
  expect(await failing({ ...decisions, ...broken })).not.toEqual([])
})

it('a decision sees no more than it is told', () => {
  const group: GroupFacts = {
    count: 2,
    keyRelation: 'different',
    differs: [],
    allDiffer: [],
    amountColumn: 'amount',
    hasOppositeAmounts: false,
    gapMs: 1000,
    isWithinGiven: false,
    knownGap: undefined,
    sharedEffect: undefined,
  }
  expect(decisions.judge(group).certainty).toBe('likely')
  expect(decisions.judge({ ...group, differs: ['note'] }).certainty).toBe('possible')
  expect(decisions.judge({ ...group, differs: ['note'], gapMs: 200_000_000 }).certainty).toBe('unclear')
  expect(decisions.judge({ ...group, keyRelation: 'same', gapMs: 1e12 }).certainty).toBe('sure')
  expect(decisions.judge({ ...group, gapMs: 200_000_000 }).certainty).toBe('far')
  expect(decisions.judge({ ...group, gapMs: 200_000_000, isWithinGiven: true }).certainty).toBe('likely')
  expect(decisions.judge({ ...group, gapMs: 200_000_000, knownGap: 'cron' }).certainty).toBe('likely')
  expect(decisions.judge({ ...group, sharedEffect: 'charge_id' }).certainty).toBe('possible')
})
