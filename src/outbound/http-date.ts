const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** `Sun, 06 Nov 1994 08:49:37 GMT`. */
const imfFixdate = /^\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/i

/** An HTTP date as RFC 9110 section 5.6.7 has it be sent (IMF-fixdate), in milliseconds; `undefined` for anything else. */
export function parseHttpDate(text: string): number | undefined {
  const match = imfFixdate.exec(text.trim())
  if (match === null) return undefined
  const [, day, name, year, hour, minute, second] = match
  const month = months.indexOf((name ?? '').toLowerCase())
  if (month < 0) return undefined
  return Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second))
}
