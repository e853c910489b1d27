import type { BundleRow } from '../bundle/row.ts'
import { aboutOf } from './change-list.ts'
import type { Material, Measured } from './material.ts'
import { searchQuery, textOf } from './material.ts'
import { evidenceOf, saidFound, shortened, unknown, weigh } from './saying.ts'

const dayMs = 86_400_000
const scalePattern =
  /\bauto-?scal\w*|\bscal(e|ed|ing)\b.*(\b(replica|task|worker|instance|pod|node|container|consumer|deployment)s?\b|\d+\s*(→|->|to|=>)\s*\d)|\b(replica|task|worker|instance|pod|node|container|consumer|deployment)s?\b.*\bscal(e|ed|ing)\b|\b(replicas?|tasks?|workers?|instances?|pods?|concurrency|parallelism|consumers?|threads?)\b.*(from|to|→|->|increas|rais|=\s*\d)|(increas|rais|doubl)\w*\b.*\b(replicas?|tasks?|workers?|instances?|pods?|concurrency|consumers?)/i

/** Workers, tasks or concurrency raised before the onset, as somebody says or as a metric shows. */
export function scaling(m: Material): Measured {
  const onsetMs = m.onset?.toMs ?? m.window.toMs
  const lists = new Set(m.of('changes').map(({ id }) => id))
  const isChange = ({ source }: BundleRow): boolean => lists.has(source)
  const rows = m
    .said(scalePattern, 'changes', 'processes', 'log')
    .filter(({ at }) => at !== undefined && at <= onsetMs && at >= onsetMs - dayMs)
    .filter(
      (row) =>
        !isChange(row) || scalePattern.test(aboutOf({ message: row.message ?? '', text: textOf(row) })),
    )
  const risen = rows.flatMap((row) => {
    const [, from, to] = /(\d+)\s*(?:→|->|to|=>)\s*(\d+)/i.exec(textOf(row)) ?? []
    const isUp = from !== undefined && to !== undefined && Number(to) > Number(from)
    const isDown = from !== undefined && to !== undefined && !isUp
    return isDown ? [] : [{ row, numbers: isUp ? { before: Number(from), after: Number(to) } : undefined }]
  })
  const found = risen.find(({ numbers }) => numbers !== undefined) ?? risen[0]
  if (found !== undefined)
    return {
      value: true,
      statement: `Concurrency was raised within 24 h before the onset: ${shortened(textOf(found.row))}.`,
      found: saidFound(
        m,
        risen.map(({ row }) => row),
        { pattern: scalePattern, what: 'more workers' },
      ),
      ...(found.numbers === undefined ? {} : { numbers: found.numbers }),
      names: [shortened(found.row.name ?? textOf(found.row), 60)],
    }
  const workers = workersRise(m, onsetMs)
  if (workers !== undefined) return workers
  const [source] = m.of('changes', 'processes', 'log')
  if (source === undefined) return unknown('No source tells of workers or scaling.')
  const statement = `No scaling is recorded within 24 h before the onset (${weigh(m.said(scalePattern, 'changes', 'processes'))} at other times).`
  return {
    value: false,
    statement,
    found: [evidenceOf(source, statement, searchQuery(source, scalePattern))],
  }
}

/** A metric of workers, tasks or replicas that stands higher after the onset than a day before. */
function workersRise(m: Material, onsetMs: number): Measured | undefined {
  const metrics = m
    .rows('metrics')
    .filter(
      ({ name = '', at, value }) =>
        /workers|tasks|replicas|instances|concurrency/i.test(name) && at !== undefined && value !== undefined,
    )
  const before = metrics
    .filter(({ at = 0 }) => at < onsetMs - 2 * 60_000 && at >= onsetMs - dayMs)
    .map(({ value }) => Number(value))
  const after = metrics.filter(({ at = 0 }) => at >= onsetMs - 2 * 60_000).map(({ value }) => Number(value))
  const [low, high] = [Math.min(...before), Math.max(...after)]
  if (before.length === 0 || after.length === 0 || !(high >= low * 1.5)) return undefined
  return {
    value: true,
    statement: `A metric of workers rises from ${low} to ${high} within 24 h before the onset.`,
    found: saidFound(m, metrics, {
      pattern: /workers|tasks|replicas|instances|concurrency/i,
      what: 'workers',
    }),
    numbers: { before: low, after: high },
  }
}
