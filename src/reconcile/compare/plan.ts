import { OncewardError } from '../../kernel/errors.ts'
import { requireColumn } from '../sources/nearest.ts'
import type { Source } from '../sources/source.ts'
import { parseInstant, type TimeStyle, timeStyleOf } from '../values/instant.ts'
import type { ComparedColumn } from './columns.ts'
import type { ReconcileSettings, SideSettings } from './options.ts'

/** What is read of one side. A row is its key's cells, then its time where there is one, what is compared, and the rest. */
export interface SidePlan {
  readonly key: readonly string[]
  readonly at: string | undefined
  readonly timeStyle: TimeStyle | undefined
  readonly compared: readonly string[]
  /** Columns that are only carried along: of a clean-up, those that name a row. */
  readonly carried: readonly string[]
}

export interface ReconcilePlan {
  readonly left: SidePlan
  readonly right: SidePlan
  readonly compare: readonly ComparedColumn[]
  readonly assumeUtc: boolean
}

/** The cells of a row behind its key. */
export function cellColumns({ at, compared, carried }: SidePlan): readonly string[] {
  return [...(at === undefined ? [] : [at]), ...compared, ...carried]
}

export interface Opened {
  readonly left: Source
  readonly right: Source
}

/** Throws `OPTION_INVALID` for a column that is not there, naming the nearest one. */
export function reconcilePlan(
  opened: Opened,
  settings: ReconcileSettings,
  carried: readonly string[] = [],
): ReconcilePlan {
  const { on, compare, assumeUtc, graceMs } = settings
  const needsTimes = graceMs !== undefined
  const sidePlan = (source: Source, side: SideSettings): SidePlan => {
    const at = { columns: source.columns, source: source.name }
    const key = on.map((pair) => pair[side.side])
    for (const name of key) requireColumn(name, '--on', at)
    const compared = compare.map((pair) => pair[side.side])
    for (const name of compared) requireColumn(name, '--compare', at)
    if (side.at !== undefined) requireColumn(side.at, `--${side.side}-at`, at)
    return {
      key,
      at: side.at,
      timeStyle:
        side.at === undefined ? undefined : styleOf(source, side, { isNeeded: needsTimes, assumeUtc }),
      compared,
      carried: side.side === 'right' ? carried : [],
    }
  }
  return {
    left: sidePlan(opened.left, settings.left),
    right: sidePlan(opened.right, settings.right),
    compare,
    assumeUtc,
  }
}

interface Wanted {
  readonly isNeeded: boolean
  readonly assumeUtc: boolean
}

function styleOf(source: Source, side: SideSettings, { isNeeded, assumeUtc }: Wanted): TimeStyle {
  const place = source.columns.findIndex(({ name }) => name === side.at)
  const values = source.sample.map((row) => row[place] ?? '').filter((value) => value !== '')
  const style = timeStyleOf(values)
  const refuse = (why: string): never => {
    const column = JSON.stringify(side.at)
    throw new OncewardError(
      'OPTION_INVALID',
      `--${side.side}-at must be a column of times that are understood: ${column} of ${source.name} ${why}.`,
    )
  }
  if (style === undefined || style === 'ambiguous') {
    if (!isNeeded || values.length === 0) return 'iso'
    if (style === 'ambiguous') return refuse('has days and months that cannot be told apart')
    return refuse(`has ${JSON.stringify(values[0])}`)
  }
  const isBare = values.some((value) => parseInstant(value, style)?.hasZone === false)
  if (isBare && isNeeded && !assumeUtc)
    return refuse('has no time zone (--assume-utc takes its times for UTC)')
  return style
}
