import { columnOf, type Material, type Measured, tableOf } from './material.ts'
import type { Due } from './losses-of.ts'
import { evidenceOf, unknown } from './saying.ts'

export interface Said {
  readonly value: Measured['value']
  /** The statement, but for its sources. */
  readonly words: string
  readonly numbers: Readonly<Record<string, number>>
}

export function ofLosses(m: Material, { value, words, numbers }: Said): Measured {
  const { dueSource, effectSource } = m.losses
  if (dueSource === undefined || effectSource === undefined)
    return unknown(`Nothing can be said of losses: ${m.losses.why ?? 'no source lists what was due'}.`)
  const statement = `${words.charAt(0).toUpperCase()}${words.slice(1)} (${dueSource.id} against ${effectSource.id}).`
  const [due, done] = [columnOf(dueSource, 'ref'), columnOf(effectSource, 'ref')]
  const query = `SELECT * FROM ${tableOf(dueSource)} WHERE ${due} NOT IN (SELECT ${done} FROM ${tableOf(effectSource)} WHERE ${done} IS NOT NULL) ORDER BY ${due}`
  return { value, statement, found: [evidenceOf(dueSource, statement, query)], numbers }
}

export function byLost(m: Material, test: (due: Due) => boolean | undefined, words: string): Measured {
  const answers = m.losses.lost.flatMap((due) => test(due) ?? [])
  if (m.losses.lost.length === 0)
    return unknown(
      m.losses.why === undefined ? 'Nothing is lost.' : `Nothing can be said of losses: ${m.losses.why}.`,
    )
  if (answers.length === 0) return unknown('Of the lost references nothing says how they were answered.')
  const yes = answers.filter(Boolean).length
  // As many of them as there are unreadable lines may be no losses at all.
  const sure = Math.max(yes, answers.length - (m.losses.effectSource?.rejectedRows ?? 0))
  return ofLosses(m, {
    value: m.decisions.byShare(yes, sure),
    words: `of ${answers.length} lost references ${yes} ${words}`,
    numbers: { share: yes / answers.length },
  })
}
