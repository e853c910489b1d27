import type { Group } from './groups.ts'

/*
 * Rows of one reference that are no second effect: a hold and what became of it, or one effect that a join of tables
 * gave several rows.
 */

const notSettled =
  /^(void|voided|revers|release|released|cancel|refund|expired|hold|authori[sz]|pre-?auth|instal|chargeback)/i

/** All rows but one are holds or instalments by their kind, or were voided or reversed. */
export function isSettledOnce({ rows }: Group): boolean {
  const off = rows.filter(({ kind, status, event }) =>
    [kind, status, event].some((text) => text !== undefined && notSettled.test(text)),
  )
  return off.length > 0 && rows.length - off.length <= 1
}

/** Equal in effect id and time; undefined where there are none to compare. */
export function isJoined({ rows }: Group): boolean | undefined {
  const [first] = rows
  if (first?.effect === undefined || first.at === undefined) return undefined
  return rows.every(({ effect, at }) => effect === first.effect && at === first.at)
}

export function isOneEffect(group: Group): boolean {
  return isSettledOnce(group) || isJoined(group) === true
}
