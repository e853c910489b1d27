import { OncewardError } from '../../kernel/errors.ts'
import { timestamp } from '../../kernel/time.ts'
import { openSource } from '../sources/open.ts'
import type { Rejections, Source } from '../sources/source.ts'
import { type Decisions, decisions as realDecisions, rerunMaxMs } from './decisions.ts'
import { type Facts, readingsOf } from './facts.ts'
import { find } from './find.ts'
import type { Found } from './found.ts'
import { type EffectGroup, type Grouping, groupsOf } from './group.ts'
import { describeGroup, Listing } from './listing.ts'
import { notesOf } from './notes.ts'
import { type AuditOptions, type AuditSettings, auditSettings } from './options.ts'
import { patternsOf, wholePatterns } from './patterns.ts'
import { planOf } from './plan.ts'
import type { AuditReport, DuplicateGroup, UnclearGroups } from './report.ts'
import { roleOf } from './roles.ts'
import { gapBoundsMs, Tally } from './tally.ts'

/**
 * Finds what happened more than once in data that is there: groups of more than one effect for a reference, what they
 * have in common, and how sure that is. Reads only. Throws as `openSource` does, and `OPTION_INVALID` for columns that
 * are not there.
 */
export async function audit(
  source: string | readonly string[],
  options: AuditOptions = {},
): Promise<AuditReport> {
  const settings = auditSettings(options)
  const startMs = performance.now()
  const baseline = settings.baseline === undefined ? undefined : await countRows(settings.baseline, settings)
  const opened = await openSource(source, settings.source)
  try {
    const report = await auditSource(opened, settings)
    const change = baseline === undefined ? {} : { baseline: changed(baseline, report.rows) }
    return { ...report, ...change, durationMs: Math.round(performance.now() - startMs) }
  } finally {
    await opened.close()
  }
}

/** Every group, as it is found, not only the largest ones: `certainty` is that of the group alone. */
export async function* auditGroups(
  source: string | readonly string[],
  options: AuditOptions = {},
): AsyncGenerator<DuplicateGroup, void, undefined> {
  const settings = auditSettings(options)
  const opened = await openSource(source, settings.source)
  try {
    const plan = planOf(opened, settings)
    const found = await find(opened, plan)
    const grouping = { plan, readings: readingsOf(found.facts, plan), decisions: realDecisions }
    for await (const rows of found.groups()) {
      for (const group of groupsOf(rows, grouping).groups) {
        const { certainty } = group.judgement
        yield describeGroup(group, certainty === 'far' ? 'unclear' : certainty, grouping)
      }
    }
  } finally {
    await opened.close()
  }
}

/** `decisions` is for mutants. */
export async function auditSource(
  source: Source,
  settings: AuditSettings,
  decisions: Decisions = realDecisions,
): Promise<AuditReport> {
  const startMs = performance.now()
  const plan = planOf(source, settings)
  const found = await find(source, plan)
  const rejections = await source.rejections()
  refuseUnreadable(source, found.facts, rejections)
  const grouping = { plan, readings: readingsOf(found.facts, plan), decisions }
  const sum = await summed(found, grouping)
  return {
    ...reportOf(source, found.facts, { grouping, sum }),
    rejectedRows: rejections.count,
    rejected: rejections.listed,
    durationMs: Math.round(performance.now() - startMs),
  }
}

function refuseUnreadable(source: Source, facts: Facts, rejections: Rejections): void {
  if (facts.rows > 0 || facts.withoutRef > 0 || rejections.count === 0) return
  const [first] = rejections.listed
  const message = `${source.name}: none of its ${rejections.count} rows can be read (line ${first?.line}: ${first?.why}).`
  throw new OncewardError('SOURCE_INVALID', message)
}

/** What was counted, in three heaps: what is counted, what looks like several wishes, and what a pattern decides. */
interface Sum {
  readonly counted: Tally
  readonly countedList: Listing
  readonly unclear: Tally
  readonly unclearList: Listing
  readonly reasons: Map<string, number>
  repeatedRows: number
  /** Rows of repeated references beyond the first. */
  moreRows: number
  /** Far groups have become duplicates. */
  isRerun: boolean
}

async function summed(found: Found, grouping: Grouping): Promise<Sum> {
  const { limit, known } = grouping.plan.settings
  const lists = { counted: new Listing(limit), far: new Listing(limit), unclear: new Listing(limit) }
  const tallies = { counted: new Tally(), far: new Tally(), unclear: new Tally() }
  const at = { decisions: grouping.decisions, known, isAbsolute: grouping.readings.isAbsolute }
  const reasons = new Map<string, number>()
  const farReasons = new Map<string, number>()
  let [repeatedRows, moreRows] = [0, 0]
  for await (const rows of found.groups()) {
    moreRows += rows.rows.length - 1
    const { groups, repeatedRows: repeated } = groupsOf(rows, grouping)
    repeatedRows += repeated
    for (const group of groups) {
      const heap = heapOf(group)
      lists[heap].add(group)
      tallies[heap].add(group, at)
      const { why } = group.judgement
      const counts = heap === 'far' ? farReasons : reasons
      if (heap !== 'counted') counts.set(why, (counts.get(why) ?? 0) + 1)
    }
  }
  const isRerun =
    tallies.far.refs > 0 && isPartOfRerun(tallies, found.facts, { moreRows, decisions: grouping.decisions })
  if (!isRerun) for (const [why, count] of farReasons) reasons.set(why, (reasons.get(why) ?? 0) + count)
  const heap = isRerun ? 'counted' : 'unclear'
  tallies[heap].merge(tallies.far)
  lists[heap].merge(lists.far)
  return {
    counted: tallies.counted,
    countedList: lists.counted,
    unclear: tallies.unclear,
    unclearList: lists.unclear,
    reasons,
    repeatedRows,
    moreRows,
    isRerun,
  }
}

function heapOf({ judgement, gapMs = 0 }: EffectGroup): 'counted' | 'far' | 'unclear' {
  if (judgement.certainty === 'far') return gapMs <= rerunMaxMs ? 'far' : 'unclear'
  return judgement.certainty === 'unclear' ? 'unclear' : 'counted'
}

function isPartOfRerun(
  tallies: { counted: Tally; far: Tally },
  facts: Facts,
  { moreRows, decisions }: { moreRows: number; decisions: Decisions },
): boolean {
  const tally = new Tally()
  tally.merge(tallies.counted)
  tally.merge(tallies.far)
  return wholePatterns({ tally, facts, refs: facts.rows - moreRows, decisions, known: [] }).length > 0
}

type Counted = Omit<AuditReport, 'rejectedRows' | 'rejected' | 'durationMs' | 'baseline'>

function reportOf(
  source: Source,
  facts: Facts,
  { grouping, sum }: { grouping: Grouping; sum: Sum },
): Counted {
  const { plan, readings, decisions } = grouping
  const { settings, roles } = plan
  const refs = facts.rows - sum.moreRows
  const { counted } = sum
  const hasAmount = roles.amount !== undefined
  const { fromMs, toMs } = facts.times
  const isKnown = readings.isAbsolute && fromMs !== undefined && toMs !== undefined
  return {
    source: source.name,
    engine: source.engine,
    reading: source.reading,
    rows: facts.rows,
    refs,
    duplicateRefs: counted.refs,
    extraRows: counted.extraRows,
    ...(hasAmount && { extraAmount: counted.extraAmount }),
    window: isKnown ? { from: timestamp(fromMs), to: timestamp(toMs) } : null,
    groups: listedGroups(sum, grouping),
    patterns: patternsOf({ tally: counted, facts, refs, decisions, known: settings.known }),
    certainty: {
      sure: counted.certainty.get('sure') ?? 0,
      likely: (counted.certainty.get('likely') ?? 0) + (counted.certainty.get('far') ?? 0),
      possible: counted.certainty.get('possible') ?? 0,
    },
    unclear: unclearOf(sum, hasAmount),
    repeatedRows: sum.repeatedRows,
    withoutRef: facts.withoutRef,
    gaps:
      counted.withGap === 0
        ? []
        : gapBoundsMs.map((ms, at) => ({
            belowMs: ms === Infinity ? null : ms,
            refs: counted.histogram[at] ?? 0,
          })),
    multiplicity: [...counted.multiplicity]
      .toSorted((a, b) => a[0] - b[0])
      .map(([count, number]) => ({ count, refs: number })),
    columns: source.columns.map(({ name, type }) => {
      const role = roleOf(roles, name)
      return { name, type, ...(role && { role }), ...(plan.ignored.includes(name) && { isIgnored: true }) }
    }),
    guessed: roles.guessed,
    minorDigits: settings.minorDigits,
    notes: notesOf(source, plan, facts),
  }
}

function listedGroups(sum: Sum, grouping: Grouping): DuplicateGroup[] {
  const counted = sum.countedList.read().map((group) => {
    const { certainty } = group.judgement
    return describeGroup(group, certainty === 'far' ? 'likely' : certainty, grouping)
  })
  const unclear = sum.unclearList.read().map((group) => describeGroup(group, 'unclear', grouping))
  return [...counted, ...unclear].slice(0, grouping.plan.settings.limit)
}

function unclearOf({ unclear, reasons }: Sum, hasAmount: boolean): UnclearGroups {
  return {
    refs: unclear.refs,
    rows: unclear.extraRows,
    ...(hasAmount && { amount: unclear.extraAmount }),
    reasons: [...reasons]
      .toSorted(([a, some], [b, others]) => others - some || (a < b ? -1 : 1))
      .map(([why, refs]) => ({ why, refs })),
  }
}

interface Baseline {
  readonly source: string
  readonly rows: number
}

async function countRows(name: string, settings: AuditSettings): Promise<Baseline> {
  const source = await openSource(name, settings.source)
  try {
    let rows = 0
    const [first] = source.columns
    for await (const batch of source.scan(first === undefined ? [] : [first.name])) rows += batch.rows.length
    return { source: source.name, rows }
  } finally {
    await source.close()
  }
}

function changed({ source, rows }: Baseline, now: number): NonNullable<AuditReport['baseline']> {
  return { source, rows, changeShare: rows === 0 ? null : Math.round((now / rows - 1) * 1e6) / 1e6 }
}
