/*
 * Money, in integer minor units: 12.30 with two minor digits is 1230. A column has one style. A decimal point anywhere
 * in it makes all of it major units; without one they are minor units already (interfaces: audit).
 */

export type AmountStyle = 'minor' | 'point' | 'comma'

export interface AmountFacts {
  /** Values with a decimal point, and with a decimal comma (`12,30`). */
  readonly points: number
  readonly commas: number
}

/** The same pattern in JavaScript, DuckDB (RE2) and PostgreSQL: an amount in some notation. */
export const amountPattern = "^[^0-9.,+-]{0,4}[+-]?[^0-9.,+-]{0,4}[0-9]([0-9.,' ]*[0-9])?[^0-9.,+-]{0,4}$"
export const commaPattern = ',[0-9]{1,2}[^0-9.,]*$'
export const pointPattern = '[.]'

const looksLikeAmount = new RegExp(amountPattern)

export function isAmount(text: string): boolean {
  return looksLikeAmount.test(text)
}

export function amountStyleOf({ points, commas }: AmountFacts): AmountStyle {
  if (commas > 0) return 'comma'
  return points > 0 ? 'point' : 'minor'
}

/** Minor units; undefined for what is none, or has more digits than the currency. */
export function parseAmount(text: string, style: AmountStyle, minorDigits: number): number | undefined {
  if (!isAmount(text)) return undefined
  const sign = /^[^0-9]*-/.test(text) ? -1 : 1
  const digits = text.replaceAll(/[^0-9.,]/g, '')
  const bare = style === 'comma' ? digits.replaceAll('.', '').replace(',', '.') : digits.replaceAll(',', '')
  const [, whole = '', fraction = ''] = /^(\d*)(?:\.(\d+))?$/.exec(bare) ?? []
  if (whole === '' && fraction === '') return undefined
  if (style === 'minor') return fraction === '' ? safe(sign * Number(whole)) : undefined
  const kept = fraction.replace(/0+$/, '')
  if (kept.length > minorDigits) return undefined
  return safe(sign * Number(whole + kept.padEnd(minorDigits, '0')))
}

function safe(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined
}

/** 123456 with two digits is `1,234.56`. */
export function formatAmount(minor: number, minorDigits: number): string {
  const text = Math.abs(minor)
    .toString()
    .padStart(minorDigits + 1, '0')
  const whole = text.slice(0, text.length - minorDigits).replaceAll(/\B(?=(\d{3})+$)/g, ',')
  const fraction = minorDigits === 0 ? '' : `.${text.slice(-minorDigits)}`
  return `${minor < 0 ? '-' : ''}${whole}${fraction}`
}
