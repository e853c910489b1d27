import type { JSX } from 'preact'
import { apiPath } from '../api.ts'
import { duration, json, keyText, moment, words } from '../format.ts'
import { useLoad } from '../hooks.ts'
import { Age, Async, Heading, Instant, Raw, StateBadge, TableBox } from '../parts/basics.tsx'
import { Timeline } from '../parts/timeline.tsx'
import type { PageProps } from '../page.ts'
import type { Entry } from '../types.ts'

const isOver = (entry: Entry | undefined): boolean =>
  entry !== undefined && ['succeeded', 'failed', 'tombstone'].includes(entry.state)

export function EntryPage({ rest }: PageProps): JSX.Element {
  const loaded = useLoad<Entry>(apiPath(`/v1/entries/${encodeURIComponent(rest)}`), 3000)
  const entry = loaded.data
  return (
    <>
      <Heading title={entry === undefined ? 'Entry' : `${entry.operation} ${keyText(entry.key)}`}>
        {entry === undefined ? null : <StateBadge state={entry.state} />}
      </Heading>
      <Async of={loaded}>{entry === undefined ? null : <EntryView entry={entry} />}</Async>
    </>
  )
}

function EntryView({ entry }: { entry: Entry }): JSX.Element {
  const { doubt, resolution, error, steps = [] } = entry
  return (
    <>
      {entry.state === 'in_doubt' ? (
        <p class="need need-bad">
          <a href={`/doubts?ref=${entry.ref}`}>Nobody knows whether this happened. Decide it</a>
        </p>
      ) : null}
      <Timeline entry={entry} />
      <dl class="facts">
        <Fact name="Ref" value={<code>{entry.ref}</code>} />
        <Fact
          name="Subject"
          value={
            entry.subject === undefined ? undefined : (
              <a href={`/entries?subject=${encodeURIComponent(entry.subject)}`}>{entry.subject}</a>
            )
          }
        />
        <Fact name="Safety" value={entry.safety} />
        <Fact name="Attempts" value={String(entry.attempts)} />
        <Fact name="Fence" value={`epoch ${entry.fence.epoch}, attempt ${entry.fence.attempt}`} />
        <Fact name="Claimed" value={<Instant at={entry.claimedAt} />} />
        <Fact
          name="Finished"
          value={entry.finishedAt === undefined ? undefined : <Instant at={entry.finishedAt} />}
        />
        <Fact
          name="Lease"
          value={
            isOver(entry) ? undefined : (
              <>
                until <Instant at={entry.leaseUntil} /> ({duration(entry.leaseMs)})
              </>
            )
          }
        />
        <Fact name="Error" value={error === undefined ? undefined : `${error.code}: ${error.message}`} />
        <Fact
          name="In doubt"
          value={
            doubt === undefined ? undefined : (
              <>
                <Age at={doubt.since} />: {doubt.why}
              </>
            )
          }
        />
        <Fact
          name="Decided"
          value={
            resolution === undefined ? undefined : (
              <>
                by {resolution.by}, <Instant at={resolution.at} />: {resolution.because}
              </>
            )
          }
        />
        <Fact
          name="Fingerprint"
          value={entry.fingerprint === '' ? undefined : <code>{entry.fingerprint}</code>}
        />
      </dl>
      {steps.length === 0 ? null : <Steps steps={steps} />}
      <History history={entry.history} />
      {entry.value === undefined ? null : <Raw title="Result" value={json(entry.value)} />}
      <Raw title="Raw" value={json(entry)} />
    </>
  )
}

function Steps({ steps }: { steps: NonNullable<Entry['steps']> }): JSX.Element {
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">Steps</h2>
      <TableBox label="Table of steps">
        <table>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">State</th>
              <th scope="col" class="figure">
                Attempts
              </th>
              <th scope="col">Started</th>
              <th scope="col">Finished</th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step) => (
              <tr key={step.name}>
                <th scope="row">{step.name}</th>
                <td>
                  <StateBadge state={step.state} />
                </td>
                <td class="figure">{step.attempts}</td>
                <td>
                  <Instant at={step.startedAt} />
                </td>
                <td>{step.finishedAt === undefined ? '' : <Instant at={step.finishedAt} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  )
}

function History({ history }: Pick<Entry, 'history'>): JSX.Element {
  return (
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      <ol class="history">
        {history.map(({ at, type, worker, fence, detail }, index) => (
          <li key={index}>
            <time dateTime={at} class="instant">
              {moment(at)}
            </time>
            <strong class={`event event-${type}`}>{words(type)}</strong>
            <span>
              {fence === undefined ? '' : `attempt ${fence.attempt}. `}
              {detailText(detail)}
            </span>
            <span class="worker">{worker ?? ''}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Fact({
  name,
  value,
}: {
  name: string
  value: JSX.Element | string | undefined
}): JSX.Element | null {
  if (value === undefined || value === '') return null
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

/** `verdict run, takeover true`: what an event says beside, in its own words. */
export function detailText(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
