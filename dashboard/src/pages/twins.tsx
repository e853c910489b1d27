import type { JSX } from 'preact'
import { apiPath } from '../api.ts'
import { keyText } from '../format.ts'
import { useLoad } from '../hooks.ts'
import { Age, Async, Empty, Heading, Pager, TableBox } from '../parts/basics.tsx'
import type { PageProps } from '../page.ts'
import { here, withQuery } from '../router.ts'
import type { LedgerEvent } from '../types.ts'

interface Page {
  readonly twins: readonly { readonly id: string; readonly at: string; readonly event: LedgerEvent }[]
  readonly next?: string
}

export function TwinsPage({ scope, query }: PageProps): JSX.Element {
  const cursor = query.get('cursor') ?? undefined
  const loaded = useLoad<Page>(apiPath('/v1/twins', { scope, cursor, limit: 50 }), 5000)
  const { twins = [], next } = loaded.data ?? {}
  return (
    <>
      <Heading title="Twins" />
      <p>
        The same work for the same subject under two keys, and keys that name an instant. A key is made anew
        for each try there: the ledger cannot know that it is one wish, and both may have happened.
      </p>
      <Async of={loaded}>
        {twins.length === 0 ? (
          <Empty title="No unstable keys were found.">
            <p>
              Twins are looked for where an intent has a <code>subject</code> and an <code>input</code>. Give
              both, so that a key that changes from try to try is found.
            </p>
          </Empty>
        ) : (
          <TableBox label="Unstable keys">
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">What</th>
                  <th scope="col">Operation</th>
                  <th scope="col">Key</th>
                  <th scope="col">Subject</th>
                  <th scope="col">Its twin</th>
                </tr>
              </thead>
              <tbody>
                {twins.map(({ id, at, event }) => {
                  const twinRef = event['twinRef']
                  return (
                    <tr key={id}>
                      <td>
                        <Age at={at} />
                      </td>
                      <td>
                        {event.type === 'twin'
                          ? event['refused'] === true
                            ? 'twin, refused'
                            : 'twin'
                          : 'unstable key'}
                      </td>
                      <td>{event.operation}</td>
                      <th scope="row">
                        {event.ref === '' ? (
                          keyText(event.key)
                        ) : (
                          <a href={`/entries/${event.ref}`}>{keyText(event.key)}</a>
                        )}
                      </th>
                      <td>
                        {event.subject === undefined ? (
                          ''
                        ) : (
                          <a href={`/entries?subject=${encodeURIComponent(event.subject)}`}>
                            {event.subject}
                          </a>
                        )}
                      </td>
                      <td>
                        {typeof twinRef === 'string' ? <a href={`/entries/${twinRef}`}>show it</a> : ''}
                      </td>
                    </tr>
                  )
                })}
              </tbody>
            </table>
          </TableBox>
        )}
        <Pager older={next === undefined ? undefined : withQuery(here(), { cursor: next })} />
      </Async>
    </>
  )
}
