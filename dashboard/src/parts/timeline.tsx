import type { JSX } from 'preact'
import { clock, duration, instant, words } from '../format.ts'
import type { Entry, Happening } from '../types.ts'

const width = 720
const rowHeight = 26
const left = 120
const pad = 14

type Tone = 'good' | 'calm' | 'warn' | 'bad'

const tones: Readonly<Record<string, Tone>> = {
  succeeded: 'good',
  resolved: 'good',
  step_replayed: 'calm',
  failed: 'bad',
  in_doubt: 'bad',
  outcome_unknown: 'bad',
  lease_lost: 'warn',
  late_outcome: 'warn',
  twin: 'warn',
  refused: 'warn',
  doubted: 'warn',
}

const toneOf = (type: string): Tone => tones[type] ?? 'calm'

interface Lane {
  readonly name: string
  readonly events: readonly Happening[]
}

/** Claims, leases, attempts, steps and decisions of an entry as a picture: a lane for each attempt, and one for the steps. */
export function Timeline({ entry }: { entry: Entry }): JSX.Element {
  const lanes = lanesOf(entry)
  const times = entry.history.map(({ at }) => Date.parse(at))
  const leaseUntilMs = Date.parse(entry.leaseUntil)
  const isOpen = entry.state === 'started' || entry.state === 'claimed'
  const fromMs = Math.min(Date.parse(entry.claimedAt), ...times)
  const toMs = Math.max(fromMs + 1, ...times, ...(isOpen ? [leaseUntilMs] : []))
  const x = (ms: number): number => left + ((ms - fromMs) / (toMs - fromMs)) * (width - left - pad)
  const height = lanes.length * rowHeight + 28
  return (
    <figure class="timeline">
      <figcaption>
        {duration(toMs - fromMs)} from the first claim to {isOpen ? 'the end of its lease' : 'the last event'}
      </figcaption>
      <div class="table-box" role="region" aria-label="Timeline" tabIndex={0}>
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={spoken(entry)}>
          {lanes.map((lane, row) => {
            const y = row * rowHeight + rowHeight / 2 + 4
            const marks = lane.events.map(({ at }) => Date.parse(at))
            const endMs = isOpen && row === lastAttempt(lanes) ? leaseUntilMs : Math.max(...marks)
            return (
              <g key={lane.name}>
                <text class="tick" x={4} y={y + 4}>
                  {lane.name}
                </text>
                <line class="grid" x1={left} x2={width - pad} y1={y} y2={y} />
                <line class="span" x1={x(Math.min(...marks))} x2={x(endMs)} y1={y} y2={y} />
                {lane.events.map((event, at) => (
                  <circle
                    key={at}
                    class={`mark tone-${toneOf(event.type)}`}
                    cx={x(Date.parse(event.at))}
                    cy={y}
                    r={6}
                  >
                    <title>{`${instant(event.at)} ${words(event.type)}`}</title>
                  </circle>
                ))}
              </g>
            )
          })}
          <text class="tick" x={left} y={height - 6}>
            {clock(new Date(fromMs).toISOString())}
          </text>
          <text class="tick" x={width - pad} y={height - 6} text-anchor="end">
            {clock(new Date(toMs).toISOString())}
          </text>
        </svg>
      </div>
    </figure>
  )
}

function lanesOf(entry: Entry): readonly Lane[] {
  const steps = entry.history.filter(({ type }) => type.startsWith('step_'))
  const decisions = entry.history.filter(({ type }) => type === 'resolved' || type === 'asked')
  const others = entry.history.filter((event) => !steps.includes(event) && !decisions.includes(event))
  const byAttempt = Map.groupBy(others, attemptOf)
  const attempts = [...byAttempt]
    .toSorted(([a], [b]) => a - b)
    .map(([attempt, events]) => ({ name: `attempt ${attempt}`, events }))
  const more = [
    { name: 'steps', events: steps },
    { name: 'decisions', events: decisions },
  ]
  return [...attempts, ...more].filter(({ events }) => events.length > 0)
}

function attemptOf({ fence, detail }: Happening): number {
  return fence?.attempt ?? Number(detail['attempt'] ?? 1)
}

function lastAttempt(lanes: readonly Lane[]): number {
  return lanes.findLastIndex(({ name }) => name.startsWith('attempt'))
}

function spoken({ history }: Entry): string {
  return history.map(({ at, type }) => `${clock(at)} ${words(type)}`).join(', ')
}
