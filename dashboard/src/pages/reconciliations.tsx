import type { JSX } from 'preact'
import { apiPath } from '../api.ts'
import { json, number } from '../format.ts'
import { useLoad } from '../hooks.ts'
import { Async, Empty, Heading, Instant, Pager, Raw, TableBox } from '../parts/basics.tsx'
import type { PageProps } from '../page.ts'
import { here, withQuery } from '../router.ts'
import type { Recorded } from '../types.ts'

interface Reconciliation {
  readonly name?: string
  readonly matched?: number
  readonly missing?: number
  readonly extra?: number
  readonly duplicated?: number
  readonly mismatched?: number
  readonly pending?: number
  readonly clean?: boolean
}

interface Page {
  readonly reconciliations: readonly Recorded<Reconciliation>[]
  readonly next?: string
}

const columns = ['matched', 'missing', 'extra', 'duplicated', 'mismatched', 'pending'] as const

export function ReconciliationsPage({ scope, query }: PageProps): JSX.Element {
  const cursor = query.get('cursor') ?? undefined
  const loaded = useLoad<Page>(apiPath('/v1/reconciliations', { scope, cursor, limit: 50 }))
  const { reconciliations = [], next } = loaded.data ?? {}
  return (
    <>
      <Heading title="Reconciliations" />
      <Async of={loaded}>
        {reconciliations.length === 0 ? (
          <Empty title="Nothing has been reconciled yet.">
            <p>
              Compare what should be there with what is:{' '}
              <code>onceward reconcile --left A --right B --on ID --json</code>. Record what it prints with a
              POST to <code>/v1/reconciliations</code>.
            </p>
          </Empty>
        ) : (
          <TableBox label="Reconciliations">
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Result</th>
                  {columns.map((name) => (
                    <th scope="col" class="figure" key={name}>
                      {name}
                    </th>
                  ))}
                  <th scope="col">All of it</th>
                </tr>
              </thead>
              <tbody>
                {reconciliations.map(({ id, at, document }) => (
                  <tr key={id}>
                    <th scope="row">
                      <Instant at={at} />
                    </th>
                    <td>
                      <span class={`badge badge-${document.clean === true ? 'succeeded' : 'failed'}`}>
                        {document.clean === true ? 'clean' : 'not clean'}
                      </span>
                    </td>
                    {columns.map((name) => (
                      <td class="figure" key={name}>
                        {number(document[name] ?? 0)}
                      </td>
                    ))}
                    <td>
                      <Raw title="Show" value={json(document)} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableBox>
        )}
        <Pager older={next === undefined ? undefined : withQuery(here(), { cursor: next })} />
      </Async>
    </>
  )
}
