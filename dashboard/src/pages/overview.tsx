import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { apiPath } from '../api.ts'
import { ago, clock, duration, number, plural, keyText, words } from '../format.ts'
import { useLive, useLoad, useNow } from '../hooks.ts'
import { Async, Empty, Heading } from '../parts/basics.tsx'
import { Chart, type Series } from '../parts/chart.tsx'
import type { PageProps } from '../page.ts'
import type { Counts, LedgerEvent, Statistics } from '../types.ts'

const spans = { '1 h': 3_600_000, '6 h': 21_600_000, '24 h': 86_400_000, '7 d': 604_800_000 } as const
type Span = keyof typeof spans

const shownEvents = 30

export function OverviewPage({ scope }: PageProps): JSX.Element {
  const [span, setSpan] = useState<Span>('1 h')
  // The end is left to the server, so that it moves on by itself.
  const [openedAtMs] = useState(() => Date.now())
  const nowMs = useNow()
  const fromMs = Math.floor((Math.max(nowMs, openedAtMs) - spans[span]) / 60_000) * 60_000
  const path = apiPath('/v1/statistics', { scope, from: new Date(fromMs).toISOString() })
  const loaded = useLoad<Statistics>(path, 5000)
  const [last, setLast] = useState<Statistics>()
  if (loaded.data !== undefined && loaded.data !== last) setLast(loaded.data)
  const shown = loaded.data ?? last
  return (
    <>
      <Heading title="Overview">
        <fieldset class="segments">
          <legend class="hidden">Over</legend>
          {(Object.keys(spans) as Span[]).map((name) => (
            <label key={name}>
              <input type="radio" name="span" checked={name === span} onChange={() => setSpan(name)} />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
      </Heading>
      <Async of={{ ...loaded, data: shown }}>
        {shown === undefined ? null : <Figures statistics={shown} nowMs={nowMs} />}
      </Async>
      <LiveEvents scope={scope} />
    </>
  )
}

function Figures({ statistics, nowMs }: { statistics: Statistics; nowMs: number }): JSX.Element {
  const { total, now, intervals, stepMs } = statistics
  const { counts, latencyMs } = total
  const of = (name: string): number => counts[name] ?? 0
  const times = intervals.map(({ at }) => at)
  const perSecond = (pick: (counts: Counts) => number): readonly number[] =>
    intervals.map(({ counts: one }) => pick(one) / (stepMs / 1000))
  const series = (name: string, tone: Series['tone'], pick: (counts: Counts) => number): Series => ({
    name,
    tone,
    values: perSecond(pick),
  })
  const doubts = `${number(now.inDoubt.count)}${now.inDoubt.isBound ? ' or more' : ''}`
  return (
    <>
      <Needs counts={counts} now={now} nowMs={nowMs} />
      <dl class="cards">
        <Card label="Effects" value={number(of('effects'))} hint={`${number(of('succeeded'))} succeeded`} />
        <Card
          label="Duplicates prevented"
          value={number(of('replays') + of('waits'))}
          hint={`${number(of('replays'))} replays, ${number(of('waits'))} waited`}
        />
        <Card
          label="In doubt now"
          value={doubts}
          tone={now.inDoubt.count > 0 ? 'bad' : 'good'}
          href="/doubts"
        />
        <Card label="Failures" value={number(of('failed'))} tone={of('failed') > 0 ? 'warn' : 'good'} />
        <Card
          label="Effects, p99"
          value={latencyMs.p99 === undefined ? '–' : `≤ ${duration(latencyMs.p99)}`}
          hint={latencyMs.p50 === undefined ? '' : `half within ${duration(latencyMs.p50)}`}
        />
      </dl>
      <div class="charts">
        <Chart
          title="Effects a second"
          unit="a second"
          kind="stack"
          times={times}
          series={[
            series('succeeded', 'good', (one) => one['succeeded'] ?? 0),
            series('failed or released', 'warn', (one) => (one['failed'] ?? 0) + (one['released'] ?? 0)),
            series('unknown or in doubt', 'bad', (one) => (one['unknown'] ?? 0) + (one['inDoubt'] ?? 0)),
          ]}
        />
        <Chart
          title="Duplicates prevented a second"
          unit="a second"
          kind="stack"
          times={times}
          series={[
            series('replays', 'calm', (one) => one['replays'] ?? 0),
            series('waits', 'good', (one) => one['waits'] ?? 0),
            series('refusals', 'warn', (one) => one['refusals'] ?? 0),
          ]}
        />
        <Chart
          title="How long effects take"
          unit="ms"
          kind="lines"
          times={times}
          series={[
            { name: 'p50', tone: 'calm', values: intervals.map(({ latencyMs: one }) => one.p50 ?? 0) },
            { name: 'p99', tone: 'warn', values: intervals.map(({ latencyMs: one }) => one.p99 ?? 0) },
          ]}
        />
      </div>
    </>
  )
}

interface NeedsProps {
  readonly counts: Counts
  readonly now: Statistics['now']
  readonly nowMs: number
}

/** What a person should look at, the gravest first. */
function Needs({ counts, now, nowMs }: NeedsProps): JSX.Element {
  const of = (name: string): number => counts[name] ?? 0
  const needs: { text: string; href: string; tone: string }[] = []
  if (now.inDoubt.count > 0) {
    const since =
      now.oldestDoubtSince === undefined ? '' : `; the oldest came ${ago(now.oldestDoubtSince, nowMs)}`
    const many = now.inDoubt.isBound ? ' or more' : ''
    needs.push({
      text: `${number(now.inDoubt.count)}${many} in doubt: somebody has to find out whether they happened${since}`,
      href: '/doubts',
      tone: 'bad',
    })
  }
  if (of('twins') > 0)
    needs.push({
      text: `${plural(of('twins'), 'twin')}: the same work under another key`,
      href: '/twins',
      tone: 'bad',
    })
  if (of('leasesLost') > 0)
    needs.push({
      text: `${plural(of('leasesLost'), 'lease')} lost: workers stand still, or the store is slow`,
      href: '/entries',
      tone: 'warn',
    })
  if (of('storeFaults') > 0)
    needs.push({
      text: `${plural(of('storeFaults'), 'fault')} of the store`,
      href: '/settings',
      tone: 'warn',
    })
  return (
    <section aria-labelledby="needs">
      <h2 id="needs">What needs a person</h2>
      {needs.length === 0 ? (
        <p class="calm-line">Nothing. No doubts, no twins, no lost leases in this time.</p>
      ) : (
        <ul class="needs">
          {needs.map(({ text, href, tone }) => (
            <li key={href} class={`need need-${tone}`}>
              <a href={href}>{text}</a>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

interface CardProps {
  readonly label: string
  readonly value: string
  readonly hint?: string
  readonly tone?: string
  readonly href?: string
}

function Card({ label, value, hint = '', tone = 'plain', href }: CardProps): JSX.Element {
  return (
    <div class={`card card-${tone}`}>
      <dt>{href === undefined ? label : <a href={href}>{label}</a>}</dt>
      <dd>
        {value}
        <span class="card-hint">{hint}</span>
      </dd>
    </div>
  )
}

function LiveEvents({ scope }: { scope: string }): JSX.Element {
  const [events, setEvents] = useState<readonly LedgerEvent[]>([])
  const [isPaused, setPaused] = useState(false)
  const { isConnected, skipped } = useLive(apiPath('/v1/live', { scope }), (burst) => {
    if (!isPaused) setEvents((before) => [...burst.toReversed(), ...before].slice(0, shownEvents))
  })
  return (
    <section aria-labelledby="live">
      <div class="heading">
        <h2 id="live">Live</h2>
        <span class={`dot ${isConnected ? 'dot-on' : 'dot-off'}`}>
          {isConnected ? 'connected' : 'connecting…'}
        </span>
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        {skipped > 0 ? <span class="hint">{number(skipped)} more, too fast to show</span> : null}
      </div>
      {events.length === 0 ? (
        <Empty title="Nothing happens at the moment.">
          <p>
            Events of every worker on this store are shown here as they come. Try{' '}
            <code>onceward run --operation hello --key 1 -- echo hello</code>
          </p>
        </Empty>
      ) : (
        <ol class="events" data-live>
          {events.map((event, at) => (
            <li key={`${event.atUs} ${event.ref} ${event.type} ${at}`}>
              <time>{clock(new Date(event.atUs / 1000).toISOString())}</time>
              <span class={`event event-${event.type}`}>{words(event.type)}</span>
              <span>{event.operation}</span>
              {event.ref === '' ? <span /> : <a href={`/entries/${event.ref}`}>{keyText(event.key)}</a>}
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
