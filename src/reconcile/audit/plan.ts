import type { Source } from '../sources/source.ts'
import { type TimeStyle, timeStyleOf } from '../values/instant.ts'
import type { AuditSettings } from './options.ts'
import { type Roles, rolesOf, volatileColumns } from './roles.ts'

/** What is read of a source, and how. */
export interface Plan {
  readonly roles: Roles
  /** Every column that is read of a duplicated row; cells are numbered by this. */
  readonly columns: readonly string[]
  /** Places in `columns`. */
  readonly places: Places
  readonly ignored: readonly string[]
  readonly timeStyle: TimeStyle | undefined
  readonly settings: AuditSettings
  readonly notes: readonly string[]
}

export interface Places {
  readonly ref: readonly number[]
  readonly effect: number
  readonly key: number
  readonly at: number
  readonly amount: number
  readonly worker: number
  readonly segment: number
  /** What must be equal where one wish was carried out twice. */
  readonly payload: readonly number[]
}

export function planOf(source: Source, settings: AuditSettings): Plan {
  const roles = rolesOf(source, settings)
  const volatile = volatileColumns(source, roles).filter((name) => !settings.ignore.includes(name))
  const ignored = [...settings.ignore, ...volatile]
  const role = (name: string | undefined): boolean => name !== undefined
  const roleColumns = [roles.effect, roles.key, roles.at, roles.worker].filter(role)
  const isPayload = (name: string): boolean =>
    !roles.ref.includes(name) && !roleColumns.includes(name) && !ignored.includes(name)
  const needed = new Set([...roles.ref, ...roleColumns, roles.amount, roles.segment])
  const columns = source.columns.map(({ name }) => name).filter((name) => needed.has(name) || isPayload(name))
  const place = (name: string | undefined): number => (name === undefined ? -1 : columns.indexOf(name))
  const { style, notes } = timeStyle(source, roles)
  return {
    roles,
    columns,
    places: {
      ref: roles.ref.map(place),
      effect: place(roles.effect),
      key: place(roles.key),
      at: place(roles.at),
      amount: place(roles.amount),
      worker: place(roles.worker),
      segment: place(roles.segment),
      payload: columns.filter(isPayload).map(place),
    },
    ignored,
    timeStyle: style,
    settings,
    notes,
  }
}

function timeStyle(source: Source, roles: Roles): { style: TimeStyle | undefined; notes: string[] } {
  if (roles.at === undefined)
    return {
      style: undefined,
      notes: ['No column of times: gaps and their patterns are not looked for (--at).'],
    }
  const place = source.columns.findIndex(({ name }) => name === roles.at)
  const found = timeStyleOf(source.sample.flatMap((row) => row[place] ?? []))
  if (found === 'ambiguous')
    return {
      style: undefined,
      notes: [`${roles.at}: day and month cannot be told apart, so times are left out.`],
    }
  if (found === undefined && source.sample.length > 0)
    return {
      style: undefined,
      notes: [`${roles.at} holds no times that are understood, so times are left out.`],
    }
  return { style: found, notes: [] }
}
