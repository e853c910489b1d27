import type { JSX } from 'preact'
import { useLoad } from '../hooks.ts'
import { Async, Heading } from '../parts/basics.tsx'
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
        <p class="hint">
          Which promises hold on this store: <code>onceward doctor --store …</code>. Retention and limits are
          in the file given with <code>--config</code>.
        </p>
      </section>
      <Tokens me={me} />
    </>
  )
}
