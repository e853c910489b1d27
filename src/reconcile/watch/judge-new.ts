import { decisions } from '../audit/decisions.ts'
import { FactsFold, readingsOf } from '../audit/facts.ts'
import type { RefRows } from '../audit/found.ts'
import { type Grouping, groupsOf } from '../audit/group.ts'
import { describeGroup } from '../audit/listing.ts'
import type { Plan } from '../audit/plan.ts'
import type { DuplicateGroup } from '../audit/report.ts'
import type { Source } from '../sources/source.ts'

/** While rows still come, units and zones are read off those that are there at the start. */
export function groupingOf(source: Source, plan: Plan): Grouping {
  const fold = new FactsFold(plan)
  const places = fold.columns.map((name) => source.columns.findIndex((column) => column.name === name))
  for (const row of source.sample) fold.add(places.map((place) => row[place] ?? null))
  return { plan, readings: readingsOf(fold.read(), plan), decisions }
}

/**
 * The group that the newest effect has made, if it is one to be told: what looks like several wishes is none. What is
 * more than a day apart is told as possible, since no pattern can be waited for.
 */
export function groupToTell(rows: RefRows, grouping: Grouping): DuplicateGroup | undefined {
  const group = groupsOf(rows, grouping).groups.at(-1)
  if (group === undefined || group.judgement.certainty === 'unclear') return undefined
  const { certainty } = group.judgement
  return describeGroup(group, certainty === 'far' ? 'possible' : certainty, grouping)
}
