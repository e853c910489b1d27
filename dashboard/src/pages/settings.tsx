import type { JSX } from 'preact'
import { duration } from '../format.ts'
import { useLoad } from '../hooks.ts'
import { Async, Heading, TableBox } from '../parts/basics.tsx'
import { Tokens } from '../parts/tokens.tsx'
import type { PageProps } from '../page.ts'

interface Health {
  readonly status: string
  readonly store: string
}

export function SettingsPage({ me }: PageProps): JSX.Element {
  const health = useLoad<Health>('/v1/health', 5000)
  return (
    <>
      <Heading title="Settings" />
      <section aria-labelledby="server">
        <h2 id="server">Server and store</h2>
        <Async of={health}>
          <dl class="facts">
            <div>
              <dt>Server</dt>
              <dd>
                {health.data?.status} <span class="hint">onceward {me.version}</span>
              </dd>
            </div>
            <div>
              <dt>Store</dt>
              <dd>
                {health.data?.store} <code>{me.store}</code>
              </dd>
            </div>
            <div>
              <dt>Scopes</dt>
              <dd>{me.scopes.join(', ')}</dd>
            </div>
            <div>
              <dt>You</dt>
              <dd>
                {me.name}, {me.role}
              </dd>
            </div>
          </dl>
        </Async>
      </section>
      <Kept />
      <Tokens me={me} />
    </>
  )
}

interface Claim {
  readonly id: string
  readonly claim: string
  readonly holds: boolean | null
  readonly applies: boolean
  readonly why: string
  readonly change?: string
}

interface Settings {
  readonly retention: Readonly<Record<string, number | undefined>>
  readonly alerts: readonly { readonly name: string; readonly kind: string }[]
  readonly doctor?: { readonly ok: boolean; readonly claims: readonly Claim[] }
}

const kept: readonly (readonly [string, string])[] = [
  ['minutesMs', 'Counts by minute'],
  ['hoursMs', 'Counts by hour'],
  ['historyMs', 'History of entries'],
  ['twinsMs', 'Unstable keys'],
]

/** How long things are kept, who is told, and which promises hold here. */
function Kept(): JSX.Element {
  const loaded = useLoad<Settings>('/v1/settings', 30_000)
  const { retention = {}, alerts = [], doctor } = loaded.data ?? {}
  const { tombstoneMs, everyMs } = retention
  return (
    <section aria-labelledby="kept">
      <h2 id="kept">Retention, alerts and promises</h2>
      <Async of={loaded}>
        <dl class="facts">
          <div>
            <dt>Results</dt>
            <dd>
              as each operation says (retainMs); the fact{' '}
              {tombstoneMs === undefined ? 'for ever' : `for ${duration(tombstoneMs)}`}
            </dd>
          </div>
          {kept.map(([name, title]) => (
            <div key={name}>
              <dt>{title}</dt>
              <dd>{duration(retention[name] ?? 0)}</dd>
            </div>
          ))}
          <div>
            <dt>Looked at</dt>
            <dd>every {duration(everyMs ?? 0)}</dd>
          </div>
          <div>
            <dt>Alerts go to</dt>
            <dd>
              {alerts.length === 0
                ? 'nobody: see alerts in the configuration'
                : alerts.map(({ name, kind }) => `${name} (${kind})`).join(', ')}
            </dd>
          </div>
        </dl>
        {doctor === undefined ? null : <Promises claims={doctor.claims} />}
      </Async>
    </section>
  )
}

function Promises({ claims }: { claims: readonly Claim[] }): JSX.Element {
  return (
    <TableBox label="Promises of this store">
      <table>
        <thead>
          <tr>
            <th scope="col">Holds</th>
            <th scope="col">Promise</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {claims
            .filter(({ applies }) => applies)
            .map(({ id, claim, holds, why, change }) => (
              <tr key={id}>
                <td>
                  <span
                    class={`badge badge-${holds === false ? 'failed' : holds === true ? 'succeeded' : 'claimed'}`}
                  >
                    {holds === null ? 'unknown' : holds ? 'yes' : 'no'}
                  </span>
                </td>
                <th scope="row">{claim}</th>
                <td>
                  {why} {holds === false && change !== undefined ? `To keep it: ${change}` : ''}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </TableBox>
  )
}
