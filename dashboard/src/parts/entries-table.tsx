import type { JSX } from 'preact'
import { keyText } from '../format.ts'
import type { Receipt } from '../types.ts'
import { Age, StateBadge, TableBox } from './basics.tsx'

/** Entries, newest first, each with the way to its page. */
export function EntriesTable({
  entries,
  label,
}: {
  entries: readonly Receipt[]
  label: string
}): JSX.Element {
  return (
    <TableBox label={label}>
      <table class="entries">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Operation</th>
            <th scope="col">Key</th>
            <th scope="col">Subject</th>
            <th scope="col" class="figure">
              Attempts
            </th>
            <th scope="col">Claimed</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.ref}>
              <td>
                <StateBadge state={entry.state} />
              </td>
              <td>{entry.operation}</td>
              <th scope="row">
                <a href={`/entries/${entry.ref}`}>{keyText(entry.key)}</a>
              </th>
              <td>{entry.subject ?? ''}</td>
              <td class="figure">{entry.attempts}</td>
              <td>
                <Age at={entry.claimedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  )
}
