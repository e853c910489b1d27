import type { JSX } from 'preact'
import { useWidth } from '../hooks.ts'
import { clock, number } from '../format.ts'

export interface Series {
  readonly name: string
  /** The class that colours it. */
  readonly tone: 'good' | 'calm' | 'warn' | 'bad'
  readonly values: readonly number[]
}

interface ChartProps {
  readonly title: string
  /** What a value is: `a second`, `ms`. */
  readonly unit: string
  /** The instants of the values. */
  readonly times: readonly string[]
  readonly series: readonly Series[]
  readonly kind: 'stack' | 'lines'
}

const height = 150
const left = 44
const bottom = 20
const top = 8

/** Values over time as a picture, with the same values as a table for who cannot see it. */
export function Chart({ title, unit, times, series, kind }: ChartProps): JSX.Element {
  const totals = times.map((_, at) =>
    kind === 'stack'
      ? series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0)
      : Math.max(0, ...series.map(({ values }) => values[at] ?? 0)),
  )
  const [box, width] = useWidth<HTMLElement>(600)
  const max = niceMax(Math.max(0, ...totals))
  const x = (at: number): number => left + (at * (width - left)) / Math.max(1, times.length)
  const y = (value: number): number => top + (height - top - bottom) * (1 - value / max)
  return (
    <figure class="chart" ref={box}>
      <figcaption>
        <span>{title}</span>
        <ul class="legend">
          {series.map(({ name, tone }) => (
            <li key={name}>
              <span class={`swatch tone-${tone}`} aria-hidden="true" />
              {name}
            </li>
          ))}
        </ul>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${title}: ${spoken(series, unit)}`}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line class="grid" x1={left} x2={width} y1={y(max * share)} y2={y(max * share)} />
            <text class="tick" x={left - 6} y={y(max * share) + 4} text-anchor="end">
              {tick(max * share)}
            </text>
          </g>
        ))}
        {ticksOf(times, Math.max(2, Math.floor(width / 100))).map((at) => (
          <text key={at} class="tick" x={x(at)} y={height - 5}>
            {clock(times[at] ?? '').slice(0, 5)}
          </text>
        ))}
        {kind === 'stack' ? bars(series, times.length, { x, y }) : lines(series, { x, y })}
      </svg>
      <details class="raw">
        <summary>As a table</summary>
        <div class="table-box" role="region" aria-label={`${title}, as a table`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">UTC</th>
                {series.map(({ name }) => (
                  <th scope="col" key={name}>
                    {name}, {unit}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((time, at) => (
                <tr key={time}>
                  <th scope="row">{clock(time)}</th>
                  {series.map(({ name, values }) => (
                    <td key={name}>{tick(values[at] ?? 0)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}

interface Scale {
  readonly x: (at: number) => number
  readonly y: (value: number) => number
}

function bars(series: readonly Series[], count: number, { x, y }: Scale): JSX.Element[] {
  const below = Array.from({ length: count }, () => 0)
  return series.flatMap(({ name, tone, values }) =>
    values.flatMap((value, at) => {
      const from = below[at] ?? 0
      below[at] = from + value
      if (value === 0) return []
      const gap = Math.min(1, (x(1) - x(0)) / 5)
      return [
        <rect
          key={`${name} ${at}`}
          class={`tone-${tone}`}
          x={x(at)}
          width={x(at + 1) - x(at) - gap}
          y={y(from + value)}
          height={Math.max(1, y(from) - y(from + value))}
        />,
      ]
    }),
  )
}

function lines(series: readonly Series[], { x, y }: Scale): JSX.Element[] {
  return series.map(({ name, tone, values }) => (
    <polyline
      key={name}
      class={`line tone-${tone}`}
      points={values.map((value, at) => `${x(at + 0.5)},${y(value)}`).join(' ')}
    />
  ))
}

/** The next 1, 2 or 5 of a power of ten: what is read off at a glance. */
function niceMax(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power
}

function tick(value: number): string {
  return value >= 10 || value === 0 ? number(Math.round(value)) : value.toPrecision(2).replace(/\.?0+$/, '')
}

function ticksOf(times: readonly string[], most: number): readonly number[] {
  const step = Math.max(1, Math.ceil(times.length / most))
  return times.flatMap((_, at) => (at % step === 0 && at < times.length - step / 2 ? [at] : []))
}

function spoken(series: readonly Series[], unit: string): string {
  return series
    .map(
      ({ name, values }) =>
        `${name} at most ${tick(Math.max(0, ...values))} ${unit}, last ${tick(values.at(-1) ?? 0)}`,
    )
    .join('; ')
}
