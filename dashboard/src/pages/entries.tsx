import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { apiPath } from '../api.ts'
import { fieldOf } from '../format.ts'
import { useKeys, useLive, useLoad } from '../hooks.ts'
import { Async, Empty, Heading, Pager } from '../parts/basics.tsx'
import { EntriesTable } from '../parts/entries-table.tsx'
import type { PageProps } from '../page.ts'
import { go, here, withQuery } from '../router.ts'
import type { Receipt } from '../types.ts'

const states = ['claimed', 'started', 'released', 'succeeded', 'failed', 'in_doubt', 'tombstone'] as const
const fields = ['operation', 'key', 'subject'] as const

interface Page {
  readonly entries: readonly Receipt[]
  readonly next?: string
}

/** One page at a time, by cursor: it never matters how many there are. */
export function EntriesPage({ scope, query }: PageProps): JSX.Element {
  const filters = Object.fromEntries(
    [...fields, 'state', 'from', 'to'].map((name) => [name, query.get(name) ?? '']),
  )
  const cursor = query.get('cursor') ?? undefined
  const path = apiPath('/v1/entries', { scope, ...instants(filters), cursor, limit: 100 })
  const loaded = useLoad<Page>(path)
  const search = useRef<HTMLInputElement>(null)
  const [fresh, setFresh] = useState(0)
  useKeys({ '/': () => search.current?.focus() })
  useLive(apiPath('/v1/live', { scope }), (events) => {
    const claims = events.filter(({ type }) => type === 'claimed').length
    if (claims > 0) setFresh((before) => before + claims)
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const changes = [...form.keys()].map((name): [string, string] => [name, fieldOf(form, name)])
    go(withQuery(here(), { ...Object.fromEntries(changes), cursor: undefined }))
  }
  const newest = (): void => {
    setFresh(0)
    if (cursor === undefined) loaded.reload()
    else go(withQuery(here(), { cursor: undefined }))
  }
  const isFiltered = Object.values(filters).some((value) => value !== '')
  const { entries = [], next } = loaded.data ?? {}
  return (
    <>
      <Heading title="Entries">
        {fresh > 0 ? (
          <button type="button" onClick={newest}>
            {fresh} new: show them
          </button>
        ) : null}
      </Heading>
      <form class="filters" role="search" onSubmit={submit} key={query.toString()}>
        {fields.map((name) => (
          <label key={name}>
            {name}
            <input
              name={name}
              defaultValue={filters[name]}
              ref={name === 'operation' ? search : null}
              placeholder={hints[name]}
            />
          </label>
        ))}
        <label>
          state
          <select name="state" defaultValue={filters['state']}>
            <option value="">any</option>
            {states.map((state) => (
              <option key={state} value={state} selected={state === filters['state']}>
                {state.replace('_', ' ')}
              </option>
            ))}
          </select>
        </label>
        <label>
          from (UTC)
          <input name="from" type="datetime-local" defaultValue={filters['from']} />
        </label>
        <label>
          to (UTC)
          <input name="to" type="datetime-local" defaultValue={filters['to']} />
        </label>
        <button type="submit">Search</button>
        {isFiltered ? <a href="/entries">Clear</a> : null}
      </form>
      <Async of={loaded}>
        {entries.length === 0 ? (
          <Empty title={isFiltered ? 'No entry is like that.' : 'There are no entries yet.'}>
            {isFiltered ? (
              <p>A key needs its operation beside it. Times are when an entry was first claimed.</p>
            ) : (
              <p>
                The first <code>once.run(…)</code> of a service on this store makes one, and so does{' '}
                <code>onceward run --operation hello --key 1 -- echo hello</code>
              </p>
            )}
          </Empty>
        ) : (
          <EntriesTable entries={entries} label="Entries" />
        )}
        <Pager older={next === undefined ? undefined : withQuery(here(), { cursor: next })}>
          {cursor === undefined ? null : <a href={withQuery(here(), { cursor: undefined })}>Newest</a>}
        </Pager>
      </Async>
    </>
  )
}

const hints: Readonly<Record<(typeof fields)[number], string>> = {
  operation: 'charge',
  key: 'order-42 or ["order","42"]',
  subject: 'order:42',
}

/** What a field for times gives has no zone: here it is UTC, as everywhere on these pages. */
function instants(filters: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> {
  const instant = (text: string | undefined): string | undefined =>
    text === undefined || text === '' ? undefined : `${text.length === 16 ? `${text}:00` : text}Z`
  return { ...filters, from: instant(filters['from']), to: instant(filters['to']) }
}
