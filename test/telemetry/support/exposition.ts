const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"(?:,(?!\})|(?=\})))*\})? (\S+)$/

/**
 * The series of a text in Prometheus' format 0.0.4, read strictly: a line of another form, a series that comes twice, a
 * metric without a type, or a histogram whose buckets fall is an error.
 */
export function parseExposition(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>()
  const types = new Map<string, string>()
  if (!text.endsWith('\n')) throw new Error('The last line does not end.')
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (kind === 'TYPE') types.set(name as string, rest as string)
    if (kind !== undefined) continue
    const [, metric, labels = '', number] = sample.exec(line) ?? []
    if (metric === undefined) throw new Error(`Not a line of the format: ${line}`)
    if (!types.has(metric) && !types.has(metric.replace(/_(bucket|sum|count)$/, '')))
      throw new Error(`Without a type: ${line}`)
    const series = `${metric}${labels}`
    if (values.has(series)) throw new Error(`Twice: ${series}`)
    const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number)
    if (Number.isNaN(value)) throw new Error(`Not a number: ${line}`)
    values.set(series, value)
  }
  mustRise(values)
  return values
}

function mustRise(values: ReadonlyMap<string, number>): void {
  let before: { readonly series: string; readonly value: number } | undefined
  for (const [series, value] of values) {
    const base = /^(.+_bucket\{.*)le="/.exec(series)?.[1]
    if (base !== undefined && before?.series === base && value < before.value)
      throw new Error(`A bucket holds less than the one before: ${series}`)
    before = base === undefined ? undefined : { series: base, value }
  }
}
