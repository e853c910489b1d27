import type { JSX } from 'preact'
import { apiPath } from '../api.ts'
import { json, percent } from '../format.ts'
import { useLoad } from '../hooks.ts'
import { Async, Empty, Heading, Instant, Pager, Raw } from '../parts/basics.tsx'
import { PostMortemView } from '../parts/post-mortem-view.tsx'
import { TriageView } from '../parts/triage-view.tsx'
import { isPostMortem, type PostMortemDocument } from '../post-mortem.ts'
import { here, withQuery } from '../router.ts'
import type { PageProps } from '../page.ts'
import type { Recorded } from '../types.ts'
import type { TriageDocument } from '../triage.ts'

type IncidentDocument = Partial<TriageDocument> | Partial<PostMortemDocument>

interface Page {
  readonly incidents: readonly Recorded<IncidentDocument>[]
  readonly next?: string
}

export function IncidentsPage({ scope, query }: PageProps): JSX.Element {
  const cursor = query.get('cursor') ?? undefined
  const loaded = useLoad<Page>(apiPath('/v1/incidents', { scope, cursor, limit: 20 }))
  const { incidents = [], next } = loaded.data ?? {}
  return (
    <>
      <Heading title="Incidents" />
      <Async of={loaded}>
        {incidents.length === 0 ? (
          <Empty title="No incident has been recorded.">
            <p>
              Turn logs into ranked causes with <code>onceward triage BUNDLE --json</code>, and record what it
              prints, as later what <code>onceward postmortem BUNDLE --json</code> prints:{' '}
              <code>curl -X POST /v1/incidents -H 'content-type: application/json' -d @triage.json</code>
            </p>
          </Empty>
        ) : (
          <ul class="list">
            {incidents.map(({ id, at, document }) => (
              <li key={id}>
                <a href={`/incidents/${id}`}>{titleOf(document)}</a>
                <Severity of={document} />
                <span class="hint">
                  recorded <Instant at={at} />
                </span>
                <span>{leader(document)}</span>
              </li>
            ))}
          </ul>
        )}
        <Pager older={next === undefined ? undefined : withQuery(here(), { cursor: next })} />
      </Async>
    </>
  )
}

/** One of them: a triage, or a post-mortem. */
export function IncidentPage({ scope, rest }: PageProps): JSX.Element {
  const path = `/v1/incidents/${encodeURIComponent(rest)}`
  const loaded = useLoad<Recorded<IncidentDocument>>(apiPath(path, { scope }))
  const { document } = loaded.data ?? {}
  return (
    <>
      <Heading title={document === undefined ? 'Incident' : titleOf(document)}>
        {document === undefined ? null : <Severity of={document} />}
      </Heading>
      <Async of={loaded}>
        {document === undefined ? null : (
          <>
            {isPostMortem(document) ? (
              <PostMortemView document={document} />
            ) : (
              <TriageView document={document} />
            )}
            <Raw title="Raw" value={json(document)} />
          </>
        )}
      </Async>
    </>
  )
}

function Severity({ of: { severity } }: { of: IncidentDocument }): JSX.Element | null {
  return severity === undefined ? null : <span class="badge">{severity}</span>
}

function titleOf({ title, incident }: IncidentDocument): string {
  return title ?? incident ?? 'Incident'
}

function leader(document: IncidentDocument): string {
  if (isPostMortem(document)) return 'Post-mortem.'
  const { hypotheses, abstained } = document
  const [first] = hypotheses ?? []
  if (abstained === true) return 'The evidence does not decide.'
  return first === undefined ? '' : `${first.title}, ${percent(first.probability)}`
}
