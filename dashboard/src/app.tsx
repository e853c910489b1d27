import type { ComponentType, JSX } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { Heading, ProblemBox } from './parts/basics.tsx'
import { KeyHelp } from './parts/key-help.tsx'
import type { PageProps } from './page.ts'
import { AuditTrailPage } from './pages/audit-trail.tsx'
import { DoubtsPage } from './pages/doubts.tsx'
import { EntriesPage } from './pages/entries.tsx'
import { EntryPage } from './pages/entry.tsx'
import { IncidentPage, IncidentsPage } from './pages/incidents.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { ReconciliationsPage } from './pages/reconciliations.tsx'
import { SettingsPage } from './pages/settings.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { TwinsPage } from './pages/twins.tsx'
import { followLinks, go, type Place, usePlace } from './router.ts'
import { signOut, useSession } from './session.ts'
import { useTheme } from './theme.ts'
import { useKeys } from './hooks.ts'
import type { Me } from './types.ts'

interface Page {
  readonly path: string
  readonly title: string
  /** Pressed on any page. */
  readonly key: string
  readonly view: ComponentType<PageProps>
  /** Of one thing of it: `/entries/REF`. */
  readonly one?: ComponentType<PageProps>
}

/** In the order of the navigation. A page of a later part is one line here. */
const pages: readonly Page[] = [
  { path: '/', title: 'Overview', key: '1', view: OverviewPage },
  { path: '/entries', title: 'Entries', key: '2', view: EntriesPage, one: EntryPage },
  { path: '/doubts', title: 'Doubts', key: '3', view: DoubtsPage },
  { path: '/twins', title: 'Twins', key: '4', view: TwinsPage },
  { path: '/incidents', title: 'Incidents', key: '5', view: IncidentsPage, one: IncidentPage },
  { path: '/reconciliations', title: 'Reconciliations', key: '6', view: ReconciliationsPage },
  { path: '/audit-trail', title: 'Audit trail', key: '7', view: AuditTrailPage },
  { path: '/settings', title: 'Settings', key: '8', view: SettingsPage },
]

export function App(): JSX.Element {
  const { session, ask } = useSession()
  if (session.kind === 'asking') return <p class="loading">Loading…</p>
  if (session.kind === 'out') return <SignInPage onIn={ask} />
  if (session.kind === 'broken')
    return (
      <main class="sign-in">
        <h1>Onceward</h1>
        <ProblemBox problem={session.problem} onRetry={ask} />
      </main>
    )
  return <Frame me={session.me} />
}

function Frame({ me }: { me: Me }): JSX.Element {
  const place = usePlace()
  const [scope, setScope] = useScope(me)
  const [theme, nextTheme] = useTheme()
  const [isHelping, setHelping] = useState(false)
  const { page, View, rest } = found(place)
  useKeys({
    '?': () => setHelping(true),
    ...Object.fromEntries(pages.map(({ key, path }) => [key, () => go(path)])),
  })
  useTitleAndFocus(page?.title ?? 'Not found', place.path)
  return (
    <div class="frame" onClick={followLinks}>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header>
        <a class="brand" href="/">
          Onceward
        </a>
        <nav aria-label="Pages of the dashboard">
          <ul>
            {pages.map(({ path, title }) => (
              <li key={path}>
                <a href={path} aria-current={page?.path === path ? 'page' : undefined}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="tools">
          {me.scopes.length < 2 ? null : (
            <label class="scope">
              <span>scope</span>
              <select value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
                {me.scopes.map((name) => (
                  <option key={name} value={name} selected={name === scope}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          )}
          <button type="button" onClick={nextTheme}>
            Theme: {theme}
          </button>
          <button type="button" onClick={() => setHelping(true)} aria-label="Keys">
            ?
          </button>
          {me.id === 'loopback' ? null : (
            <button type="button" onClick={() => void signOut()}>
              Sign out {me.name}
            </button>
          )}
        </div>
      </header>
      <main id="main">
        {View === undefined ? (
          <>
            <Heading title="There is nothing here" />
            <p>
              <a href="/">The overview</a> is.
            </p>
          </>
        ) : (
          <View key={`${place.path} ${scope}`} me={me} scope={scope} query={place.query} rest={rest} />
        )}
      </main>
      {isHelping ? <KeyHelp pages={pages} onClose={() => setHelping(false)} /> : null}
    </div>
  )
}

function found({ path }: Place): { page?: Page; View?: ComponentType<PageProps>; rest: string } {
  const [, first = '', rest = ''] = /^\/([^/]*)(?:\/([^/]+))?\/?$/.exec(path) ?? []
  const page = pages.find((one) => one.path === `/${first}`)
  if (page === undefined || (rest !== '' && page.one === undefined)) return { rest }
  return {
    page,
    View: rest === '' ? page.view : (page.one as ComponentType<PageProps>),
    rest: decodeURIComponent(rest),
  }
}

const scopeKept = 'onceward-scope'

function useScope({ scopes }: Me): readonly [string, (scope: string) => void] {
  const [chosen, setChosen] = useState(() => localStorage.getItem(scopeKept) ?? '')
  const scope = scopes.includes(chosen) ? chosen : (scopes[0] ?? 'default')
  return [
    scope,
    (next) => {
      localStorage.setItem(scopeKept, next)
      setChosen(next)
    },
  ]
}

/**
 * A page that has been gone to is announced: its title changes, and its heading has the focus. At once: later it would take
 * the focus from what a quick hand has gone on to.
 */
function useTitleAndFocus(title: string, path: string): void {
  const [first] = useState(path)
  useLayoutEffect(() => {
    document.title = `${title} · Onceward`
    if (path !== first || document.querySelector('header :focus') !== null)
      document.querySelector<HTMLElement>('main h1')?.focus()
  }, [path])
}
