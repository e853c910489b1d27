import type { Source } from '../sources/source.ts'
import { countText } from '../values/format.ts'
import type { Facts } from './facts.ts'
import type { Plan } from './plan.ts'

/** What a reader has to know before believing the numbers. */
export function notesOf(source: Source, plan: Plan, facts: Facts): string[] {
  const { roles, settings } = plan
  const { times, amounts, withoutRef, rows } = facts
  const notes = [...source.notes, ...plan.notes]
  if (rows === 0) notes.push('There are no rows.')
  if (withoutRef > 0)
    notes.push(`${countText(withoutRef)} rows have no ${roles.ref.join(', ')} and are left out.`)
  if (times.withoutZone > 0 && !settings.assumeUtc)
    notes.push(
      `${countText(times.withoutZone)} times in ${roles.at} have no time zone: gaps are those of the clock, and no moments are told (--assume-utc takes them for UTC).`,
    )
  if (times.unreadable > 0)
    notes.push(`${countText(times.unreadable)} values of ${roles.at} are no times that are understood.`)
  if (amounts.unreadable > 0)
    notes.push(
      `${countText(amounts.unreadable)} values of ${roles.amount} are no amounts and are not summed.`,
    )
  const mixed = source.columns.filter(({ type }) => type === 'mixed').map(({ name }) => name)
  if (mixed.length > 0) notes.push(`Values of several types: ${mixed.join(', ')}.`)
  const volatile = plan.ignored.filter((name) => !settings.ignore.includes(name))
  if (volatile.length > 0)
    notes.push(`Not compared, as they change with each attempt: ${volatile.join(', ')} (guessed).`)
  if (roles.effect === undefined)
    notes.push('No effect ids: every row is taken for an effect of its own (--effect).')
  return notes
}
