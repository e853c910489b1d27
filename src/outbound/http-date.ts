const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** The three forms of RFC 9110 section 5.6.7, of which the last two are obsolete and still have to be read. */
const forms: readonly RegExp[] = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  /^\w{3}, (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  // Sunday, 06-Nov-94 08:49:37 GMT
  /^\w{6,9}, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  // Sun Nov  6 08:49:37 1994
  /^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
]

/** An HTTP date in milliseconds since 1970; `undefined` for anything else. */
export function parseHttpDate(text: string): number | undefined {
  for (const form of forms) {
    const { day, month = '', year = '', time = '' } = form.exec(text.trim())?.groups ?? {}
    const monthAt = months.indexOf(month.toLowerCase())
    if (day === undefined || monthAt < 0) continue
    const [hour = 0, minute = 0, second = 0] = time.split(':').map(Number)
    return Date.UTC(fullYear(year), monthAt, Number(day), hour, minute, second)
  }
  return undefined
}

/** Two digits are of the century in which the date is near. */
function fullYear(year: string): number {
  if (year.length === 4) return Number(year)
  return Number(year) < 70 ? 2000 + Number(year) : 1900 + Number(year)
}
