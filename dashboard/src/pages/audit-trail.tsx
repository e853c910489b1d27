import type { JSX } from 'preact'
import { apiPath } from '../api.ts'
import { json } from '../format.ts'
import { useLoad } from '../hooks.ts'
import { Async, Empty, Heading, Instant, Pager, Raw, TableBox } from '../parts/basics.tsx'
import type { PageProps } from '../page.ts'
import { here, withQuery } from '../router.ts'
import type { AuditRecord } from '../types.ts'

interface Page {
  readonly records: readonly AuditRecord[]
  readonly head: { readonly seq: number; readonly hash: string }
  readonly next?: number
}

export function AuditTrailPage({ query }: PageProps): JSX.Element {
  const loaded = useLoad<Page>(
    apiPath('/v1/audit-trail', { before: query.get('before') ?? undefined, limit: 50 }),
  )
  const { records = [], head, next } = loaded.data ?? {}
  return (
    <>
      <Heading title="Audit trail" />
      <p>
        Every decision, chained: each record names the digest of the one before.{' '}
        <code>onceward audit-trail verify</code> follows the whole chain.{' '}
        {head === undefined || head.seq === 0 ? '' : `Its head is ${head.seq}, ${head.hash.slice(0, 16)}…`}
      </p>
      <Async of={loaded}>
        {records.length === 0 ? (
          <Empty title="Nothing has been decided yet.">
            <p>
              Decisions about doubts and changes of tokens are written here, with who, what, why, before and
              after.
            </p>
          </Empty>
        ) : (
          <TableBox label="Decisions">
            <table>
              <thead>
                <tr>
                  <th scope="col" class="figure">
                    No.
                  </th>
                  <th scope="col">When</th>
                  <th scope="col">Who</th>
                  <th scope="col">What</th>
                  <th scope="col">About</th>
                  <th scope="col">Why</th>
                  <th scope="col">Before and after</th>
                </tr>
              </thead>
              <tbody>
                {records.map((record) => (
                  <tr key={record.seq}>
                    <th scope="row" class="figure">
                      {record.seq}
                    </th>
                    <td>
                      <Instant at={record.at} />
                    </td>
                    <td>
                      {record.who.name} <span class="hint">{record.who.role}</span>
                    </td>
                    <td>{record.what}</td>
                    <td>
                      {/^[0-9a-z]{24}$/.test(record.about) ? (
                        <a href={`/entries/${record.about}`}>{record.about}</a>
                      ) : (
                        record.about
                      )}
                    </td>
                    <td>{record.why ?? ''}</td>
                    <td>
                      <Raw
                        title="Show"
                        value={json({ before: record.before, after: record.after, hash: record.hash })}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableBox>
        )}
        <Pager older={next === undefined ? undefined : withQuery(here(), { before: String(next) })} />
      </Async>
    </>
  )
}
