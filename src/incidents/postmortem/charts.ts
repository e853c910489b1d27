import { escaped } from '../report/escaped.ts'
import { whole } from '../words.ts'
import type { Histogram, RateChart } from './shape.ts'

const width = 760
const height = 190
const left = 52
const right = 8
const top = 26
const bottom = 26
const floor = height - bottom
/** Below the numbers of changes, also where a narrow screen makes them larger. */
const timesY = height + 17

interface Scale {
  /** Of a time, or of a place on a scale of bars. */
  readonly x: (value: number) => number
  readonly y: (count: number) => number
}

function scaleOf([from, to]: readonly [number, number], max: number): Scale {
  return {
    x: (value) => left + ((value - from) / (to - from)) * (width - left - right),
    y: (count) => top + (floor - top) * (1 - count / max),
  }
}

/** Counts over time as an inline picture, with the onset as a band and changes as numbered lines. */
export function rateChart({ name, from, bucketMs, counts, onset, changes }: RateChart): string {
  const fromMs = Date.parse(from)
  const toMs = fromMs + bucketMs * counts.length
  const max = counts.reduce((most, count) => Math.max(most, count), 1)
  const { x, y } = scaleOf([fromMs, toMs], max)
  const bars = counts.flatMap((count, at) => {
    const begin = x(fromMs + at * bucketMs)
    return count === 0
      ? []
      : [bar({ x: begin, width: x(fromMs + (at + 1) * bucketMs) - begin - 0.5, y: y(count) })]
  })
  const isLong = new Date(toMs).toISOString().slice(0, 10) !== from.slice(0, 10)
  const time = (at: string): string => (isLong ? at.slice(0, 16).replace('T', ' ') : at.slice(11, 16))
  const marks = numbered(
    changes.map(({ at, name: change }) => ({ x: x(Date.parse(at)), said: `${change}, ${time(at)} UTC` })),
    { className: 'change', textY: floor + 14 },
  )
  const total = counts.reduce((sum, count) => sum + count, 0)
  const label = `${name}: ${whole(total)} in all, at most ${whole(max)} in ${Math.round(bucketMs / 60_000)} min`
  const ends = [
    text(time(from), { x: left, y: timesY }),
    text(`${time(new Date(toMs).toISOString())} UTC`, { x: width - right, y: timesY, anchor: 'end' }),
  ]
  const begun = onset === undefined ? '' : onsetBand(x(Date.parse(onset.from)), x(Date.parse(onset.to)))
  return figure({
    label,
    title: label,
    height: height + 22,
    drawn: [axis(y, max), begun, ...bars, ...marks.drawn, ...ends],
    legend: marks.legend,
  })
}

function onsetBand(from: number, to: number): string {
  const band = `<rect class="onset" x="${fixed(from)}" y="${top}" width="${fixed(Math.max(to - from, 3))}" height="${floor - top}"/>`
  const isLate = from > width - 80
  return `${band}${text('onset', { x: isLate ? to : from, y: top - 12, anchor: isLate ? 'end' : 'start' })}`
}

/** How often each size or gap came, with known constants as numbered lines. */
export function histogramChart({ title, unit, bars, limits }: Histogram): string {
  const max = bars.reduce((most, { count }) => Math.max(most, count), 1)
  const { x, y } = scaleOf([0, bars.length], max)
  const step = x(1) - x(0)
  // A label takes some 44 units.
  const each = Math.ceil(44 / step)
  const drawn = bars.flatMap(({ upTo, count }, at) => [
    ...(count === 0 ? [] : [bar({ x: x(at) + 2, width: step - 4, y: y(count) })]),
    ...(at % each === 0
      ? [
          text(upTo, {
            x: x(at) + step / 2,
            y: floor + 15,
            anchor: 'middle',
            isMinor: bars.length > 5 && (at / each) % 2 === 1,
          }),
        ]
      : []),
  ])
  const said = ({ name, value }: Histogram['limits'][number]): string => `${name} ${value}`
  const lines = numbered(
    limits.flatMap((limit) =>
      limit.position === undefined ? [] : [{ x: x(limit.position), said: said(limit) }],
    ),
    { className: 'limit', textY: top - 8 },
  )
  const beyond = limits
    .filter(({ position }) => position === undefined)
    .map((limit) => `beyond the scale: ${said(limit)}`)
  const legend = [...lines.legend, ...beyond]
  const spoken = bars.filter(({ count }) => count > 0).map(({ upTo, count }) => `${upTo}: ${whole(count)}`)
  return figure({
    label: [`${title}, ${unit} up to each size or time`, spoken.join(', '), ...legend].join('. '),
    title: `${title} (${unit})`,
    height,
    drawn: [axis(y, max), ...drawn, ...lines.drawn],
    legend,
  })
}

interface Mark {
  readonly x: number
  readonly said: string
}

/** Lines with numbers, which the legend explains; those that lie close together share a text. */
function numbered(
  marks: readonly Mark[],
  { className, textY }: { readonly className: 'change' | 'limit'; readonly textY: number },
): { readonly drawn: readonly string[]; readonly legend: readonly string[] } {
  // A limit stands upon a strip of paper, or it is lost in a bar; a change has none, which would hide counts of minutes.
  const names = className === 'limit' ? ['halo', className] : [className]
  const lines = names.flatMap((name) =>
    marks.map(
      ({ x }) => `<line class="${name}" x1="${fixed(x)}" x2="${fixed(x)}" y1="${top}" y2="${floor}"/>`,
    ),
  )
  const groups: { x: number; numbers: number[] }[] = []
  for (const [index, { x }] of [...marks.entries()].toSorted(([, a], [, b]) => a.x - b.x)) {
    const last = groups.at(-1)
    if (last !== undefined && x - last.x < 8 + 12 * last.numbers.length) last.numbers.push(index + 1)
    else groups.push({ x, numbers: [index + 1] })
  }
  const texts = groups.map(({ x, numbers }) =>
    text(numbers.join(','), { x, y: textY, anchor: x > width - 40 ? 'end' : 'start' }),
  )
  return { drawn: [...lines, ...texts], legend: marks.map(({ said }, index) => `${index + 1}: ${said}`) }
}

interface Figure {
  readonly label: string
  readonly title: string
  readonly height: number
  readonly drawn: readonly string[]
  readonly legend: readonly string[]
}

function figure({ label, title, height: tall, drawn, legend }: Figure): string {
  const svg = `<svg viewBox="0 0 ${width} ${tall}" role="img" aria-label="${escaped(label)}">${drawn.join('')}</svg>`
  const said = legend.length === 0 ? '' : `<p class="legend">${escaped(legend.join(' · '))}</p>`
  return `<figure><figcaption>${escaped(title)}</figcaption>${svg}${said}</figure>`
}

function axis(y: (value: number) => number, max: number): string {
  return [0, max]
    .map(
      (value) =>
        `<line class="grid" x1="${left}" x2="${width - right}" y1="${fixed(y(value))}" y2="${fixed(y(value))}"/>${text(whole(value), { x: left - 6, y: y(value) + 4, anchor: 'end' })}`,
    )
    .join('')
}

function bar({ x, width: wide, y }: { x: number; width: number; y: number }): string {
  return `<rect class="count" x="${fixed(x)}" y="${fixed(y)}" width="${fixed(Math.max(wide, 2))}" height="${fixed(floor - y)}"/>`
}

interface Place {
  readonly x: number
  readonly y: number
  readonly anchor?: 'start' | 'middle' | 'end'
  /** Left out where the screen is narrow. */
  readonly isMinor?: boolean
}

function text(said: string, { x, y, anchor = 'start', isMinor = false }: Place): string {
  const how = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  const minor = isMinor ? ' class="minor"' : ''
  return `<text x="${fixed(x)}" y="${fixed(y)}"${how}${minor}>${escaped(said)}</text>`
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10)
}
