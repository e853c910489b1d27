import { escaped } from '../report/escaped.ts'
import { whole } from '../words.ts'
import type { Histogram, RateChart } from './shape.ts'

const width = 760
const height = 190
const left = 52
const top = 26
const bottom = 26

/** Counts over time as an inline picture, with the onset as a band and changes as lines. */
export function rateChart({ name, from, bucketMs, counts, onset, changes }: RateChart): string {
  const fromMs = Date.parse(from)
  const toMs = fromMs + bucketMs * counts.length
  const max = Math.max(1, ...counts)
  const x = (ms: number): number => left + ((ms - fromMs) / (toMs - fromMs)) * (width - left - 8)
  const y = (value: number): number => top + (height - top - bottom) * (1 - value / max)
  const bars = counts.flatMap((count, at) => {
    if (count === 0) return []
    const [begin, end] = [x(fromMs + at * bucketMs), x(fromMs + (at + 1) * bucketMs)]
    return [
      `<rect class="count" x="${fixed(begin)}" y="${fixed(y(count))}" width="${fixed(Math.max(end - begin - 0.5, 0.6))}" height="${fixed(y(0) - y(count))}"/>`,
    ]
  })
  const band =
    onset === undefined
      ? ''
      : `<rect class="onset" x="${fixed(x(Date.parse(onset.from)))}" y="${top}" width="${fixed(Math.max(x(Date.parse(onset.to)) - x(Date.parse(onset.from)), 3))}" height="${height - top - bottom}"/><text x="${fixed(x(Date.parse(onset.from)))}" y="${top - 12}">onset</text>`
  const marks = changes.map(({ at, name: change }, index) => {
    const place = fixed(x(Date.parse(at)))
    return `<line class="change" x1="${place}" x2="${place}" y1="${top}" y2="${height - bottom}"/><text x="${place}" y="${height - bottom + 12 + (index % 2) * 11}" text-anchor="middle">${index + 1}</text><title>${escaped(change)}</title>`
  })
  const total = counts.reduce((sum, count) => sum + count, 0)
  const legend = changes.map(
    ({ at, name: change }, index) => `${index + 1}: ${change}, ${at.slice(11, 16)} UTC`,
  )
  const label = `${name}: ${whole(total)} in all, at most ${whole(max)} in ${Math.round(bucketMs / 60_000)} min`
  const svg = `<svg viewBox="0 0 ${width} ${height + 12}" role="img" aria-label="${escaped(label)}">${axis(y, max)}${band}${bars.join('')}${marks.join('')}<text x="${left}" y="${height + 8}">${from.slice(11, 16)}</text><text x="${width - 8}" y="${height + 8}" text-anchor="end">${new Date(toMs).toISOString().slice(11, 16)} UTC</text></svg>`
  const said = legend.length === 0 ? '' : `<p class="legend">${escaped(legend.join(' · '))}</p>`
  return `<figure><figcaption>${escaped(label)}</figcaption>${svg}${said}</figure>`
}

function axis(y: (value: number) => number, max: number): string {
  return [0, max]
    .map(
      (value) =>
        `<line class="grid" x1="${left}" x2="${width - 8}" y1="${fixed(y(value))}" y2="${fixed(y(value))}"/><text x="${left - 6}" y="${fixed(y(value) + 4)}" text-anchor="end">${whole(value)}</text>`,
    )
    .join('')
}

export function histogramChart({ title, unit, bars, limits }: Histogram): string {
  const max = Math.max(1, ...bars.map(({ count }) => count))
  const step = (width - left - 8) / bars.length
  const y = (value: number): number => top + (height - top - bottom) * (1 - value / max)
  const drawn = bars.map(({ upTo, count }, at) => {
    const x = left + at * step
    return `<rect class="count" x="${fixed(x + 2)}" y="${fixed(y(count))}" width="${fixed(step - 4)}" height="${fixed(y(0) - y(count))}"/><text x="${fixed(x + step / 2)}" y="${height - bottom + 13}" text-anchor="middle">${escaped(upTo)}</text>`
  })
  const lines = limits.map(({ name, value, afterBar }) => {
    const x = fixed(left + (afterBar + 1) * step)
    return `<line class="limit" x1="${x}" x2="${x}" y1="${top}" y2="${height - bottom}"/><text x="${x}" y="${top - 8}" text-anchor="end">${escaped(`${name} ${value}`)}</text>`
  })
  const spoken = bars.filter(({ count }) => count > 0).map(({ upTo, count }) => `${upTo}: ${whole(count)}`)
  const label = `${title}, ${unit} up to each size or time. ${spoken.join(', ')}`
  return `<figure><figcaption>${escaped(title)} (${escaped(unit)})</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">${axis(y, max)}${drawn.join('')}${lines.join('')}</svg></figure>`
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10)
}
