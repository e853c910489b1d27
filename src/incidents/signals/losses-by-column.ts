import { shareText } from '../../reconcile/values/format.ts'
import type { Due } from './losses-of.ts'
import type { Material, Measured } from './material.ts'
import { ofLosses } from './losses-said.ts'
import { countBy } from './places.ts'
import { unknown } from './saying.ts'

interface ByField {
  readonly fields: readonly ('event' | 'kind' | 'version' | 'endpoint' | 'host')[]
  /** Columns that are mapped to nothing and are looked at too, by their names. */
  readonly columns: RegExp
  /** Completes "no column holds the …". */
  readonly what: string
}

interface Column {
  readonly name: string
  readonly valueOf: (due: Due) => string | undefined
}

const maxKinds = 30

/** Fields first, then what else the rows hold; an id, with another value in each row, is no kind of anything. */
function columnsToTry({ due }: Material['losses'], { fields, columns }: ByField): readonly Column[] {
  const mapped = fields.map((field) => ({
    name: field,
    valueOf: ({ rows }: Due) => rows.findLast((row) => row[field] !== undefined)?.[field],
  }))
  const names = new Set(
    due.slice(0, 200).flatMap(({ rows }) => rows.flatMap(({ rest }) => Object.keys(rest ?? {}))),
  )
  const others = [...names]
    .filter((name) => columns.test(name) && !/status|state|result|outcome|answer|error/i.test(name))
    .map((name) => ({
      name,
      valueOf: ({ rows }: Due) => rows.findLast(({ rest }) => rest?.[name] !== undefined)?.rest?.[name],
    }))
  return [...mapped, ...others]
}

/** 90 % of the losses in one kind, of which most are lost, while others arrive. */
export function byField(m: Material, asked: ByField): Measured {
  const { due, lost } = m.losses
  if (lost.length < 3) return unknown('Fewer than three references are lost.')
  let spread: Measured | undefined
  for (const { name: column, valueOf } of columnsToTry(m.losses, asked)) {
    const values = lost.flatMap((one) => valueOf(one) ?? [])
    const all = due.flatMap((one) => valueOf(one) ?? [])
    const kinds = new Set(all).size
    if (values.length < 3 || kinds < 2 || kinds > maxKinds || kinds > Math.max(3, all.length * 0.5)) continue
    const [name = '', count = 0] = countBy(values)[0] ?? []
    const share = count / values.length
    const ofName = all.filter((value) => value === name).length
    const others = due.filter((one) => !one.isLost && valueOf(one) !== name).length
    const words = `${shareText(share)} of the losses lie in ${column} ${name}, of whose ${ofName} references ${count} are lost, while ${others} of others arrived`
    const isOne = share >= 0.9 && count >= lossesSince(m, (one) => valueOf(one) === name) * 0.6 && others > 0
    const usual = ofName / all.length
    const measured = ofLosses(m, {
      value: isOne ? true : Math.abs(share - usual) <= 0.25 ? false : 'unknown',
      words,
      numbers: { share },
    })
    if (isOne) return { ...measured, names: [name] }
    spread ??= measured
  }
  return spread ?? unknown(`No column holds the ${asked.what} of what was due, or there is only one.`)
}

/** How many of these were due from the first loss to the last: before it all was well, and says nothing. */
function lossesSince({ losses: { due, lost } }: Material, isOf: (due: Due) => boolean): number {
  const times = lost.flatMap(({ rows }) => rows[0]?.at ?? [])
  const first = times.reduce((least, at) => Math.min(least, at), Infinity)
  const last = times.reduce((most, at) => Math.max(most, at), -Infinity)
  return due.filter((one) => {
    const at = one.rows[0]?.at
    return isOf(one) && (at === undefined || times.length === 0 || (at >= first && at <= last))
  }).length
}
