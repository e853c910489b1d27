import type { JSX } from 'preact'
import { apiPath } from '../api.ts'
import { json, number } from '../format.ts'
import { useLoad } from '../hooks.ts'
import { Async, Empty, Heading, Instant, Raw } from '../parts/basics.tsx'
import { DecisionTree } from '../parts/decision-tree.tsx'
import type { PageProps } from '../page.ts'
import type { Recorded } from '../types.ts'
import type { TriageDocument } from '../triage.ts'

interface Page {
  readonly incidents: readonly Recorded<Partial<TriageDocument>>[]
  readonly next?: string
}

export function IncidentsPage({ scope, rest, query }: PageProps): JSX.Element {
  const cursor = query.get('cursor') ?? undefined
  const loaded = useLoad<Page>(apiPath('/v1/incidents', { scope, cursor, limit: 20 }))
  const { incidents = [], next } = loaded.data ?? {}
  const one = incidents.find(({ id }) => id === rest)
  if (one !== undefined) return <IncidentView recorded={one} />
  return (
    <>
      <Heading title="Incidents" />
      <Async of={loaded}>
        {incidents.length === 0 ? (
          <Empty title="No triage has been recorded.">
            <p>
              Turn logs into ranked causes with <code>onceward triage BUNDLE --json</code>, and record what it
              prints:{' '}
              <code>curl -X POST /v1/incidents -H 'content-type: application/json' -d @triage.json</code>
            </p>
          </Empty>
        ) : (
          <ul class="list">
            {incidents.map(({ id, at, document }) => (
              <li key={id}>
                <a href={`/incidents/${id}`}>{document.title ?? document.incident ?? 'Incident'}</a>
                <span class="badge">{document.severity ?? ''}</span>
                <span class="hint">
                  recorded <Instant at={at} />
                </span>
                <span>{leader(document)}</span>
              </li>
            ))}
          </ul>
        )}
        <nav class="pager" aria-label="Pages">
          {next === undefined ? null : <a href={apiPath('/incidents', { cursor: next })}>Older</a>}
        </nav>
      </Async>
    </>
  )
}

function leader({ hypotheses, abstained }: Partial<TriageDocument>): string {
  const [first] = hypotheses ?? []
  if (abstained === true) return 'The evidence does not decide.'
  return first === undefined ? '' : `${first.title}, ${percent(first.probability)}`
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

function IncidentView({ recorded }: { recorded: Recorded<Partial<TriageDocument>> }): JSX.Element {
  const { document } = recorded
  const {
    hypotheses = [],
    plan = [],
    mitigations = [],
    contradictions = [],
    evidence = [],
    fixes = [],
  } = document
  return (
    <>
      <Heading title={document.title ?? document.incident ?? 'Incident'}>
        <span class="badge">{document.severity ?? ''}</span>
      </Heading>
      <p>{document.problem ?? ''}</p>
      <section aria-labelledby="causes">
        <h2 id="causes">Causes</h2>
        <ol class="causes">
          {hypotheses.map(({ id, title, probability, label, mechanism, cheapestTest }) => (
            <li key={id}>
              <strong>
                {id} {title}
              </strong>{' '}
              <span class="badge">{label}</span>
              <meter min={0} max={1} value={probability} aria-label={`${id}: ${percent(probability)}`} />{' '}
              {percent(probability)}
              <p>{mechanism}</p>
              <p class="hint">Cheapest test: {cheapestTest}</p>
            </li>
          ))}
        </ol>
      </section>
      {plan.length === 0 ? null : <DecisionTree plan={plan} hypotheses={hypotheses} />}
      {mitigations.length === 0 ? null : (
        <section aria-labelledby="mitigations">
          <h2 id="mitigations">What can be done now</h2>
          <ul class="known">
            {mitigations.map(({ id, action, sacrifices, rollback }) => (
              <li key={id}>
                <strong>{action}.</strong> Sacrifices: {sacrifices}. Taken back by: {rollback}.
              </li>
            ))}
          </ul>
        </section>
      )}
      {fixes.length === 0 ? null : (
        <section aria-labelledby="fixes">
          <h2 id="fixes">What mends it</h2>
          <ul class="known">
            {fixes.map(({ id, change, test }) => (
              <li key={id}>
                <strong>{change}.</strong> Test: {test}.
              </li>
            ))}
          </ul>
        </section>
      )}
      {contradictions.length === 0 ? null : (
        <section aria-labelledby="contradictions">
          <h2 id="contradictions">Contradictions</h2>
          <ul class="known">
            {contradictions.map(({ claim, fact }, at) => (
              <li key={at}>
                “{claim}” {fact}
              </li>
            ))}
          </ul>
        </section>
      )}
      <details class="raw">
        <summary>{number(evidence.length)} pieces of evidence</summary>
        <ul class="known">
          {evidence.map(({ id, statement, source }) => (
            <li key={id}>
              <strong>{id}</strong> {statement} <span class="hint">{source}</span>
            </li>
          ))}
        </ul>
      </details>
      <Raw title="Raw" value={json(document)} />
    </>
  )
}
