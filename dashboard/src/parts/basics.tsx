import type { ComponentChildren, JSX } from 'preact'
import type { ApiProblem } from '../api.ts'
import { ago, instant, words } from '../format.ts'
import { useNow } from '../hooks.ts'
import type { State } from '../types.ts'

/** A state by its name, and not by its colour alone. */
export function StateBadge({ state }: { state: State }): JSX.Element {
  return <span class={`badge badge-${state}`}>{words(state)}</span>
}

/** How long ago; the instant itself on hover, and for who reads by ear. */
export function Age({ at }: { at: string }): JSX.Element {
  const nowMs = useNow()
  return (
    <time dateTime={at} title={instant(at)}>
      {ago(at, nowMs)}
    </time>
  )
}

export function Instant({ at }: { at: string }): JSX.Element {
  return (
    <time dateTime={at} class="instant">
      {instant(at)}
    </time>
  )
}

/** A page, or a part of it, where there is nothing: what that means, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

export function ProblemBox({ problem, onRetry }: { problem: ApiProblem; onRetry?: () => void }): JSX.Element {
  return (
    <div class="problem" role="alert">
      <p>
        <strong>{problem.title}.</strong> {problem.message}
      </p>
      {onRetry === undefined ? null : (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

interface AsyncProps {
  readonly of: {
    readonly data: unknown
    readonly problem: ApiProblem | undefined
    readonly isLoading: boolean
    readonly reload: () => void
  }
  readonly children: ComponentChildren
}

/** What has been loaded; a fault beside what was there before it; a word while nothing is there yet. */
export function Async({ of, children }: AsyncProps): JSX.Element {
  return (
    <>
      {of.problem === undefined ? null : <ProblemBox problem={of.problem} onRetry={() => of.reload()} />}
      {of.data !== undefined ? children : of.isLoading ? <p class="loading">Loading…</p> : null}
    </>
  )
}

export function Heading({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="heading">
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </div>
  )
}

export function Raw({ value, title }: { value: string; title: string }): JSX.Element {
  return (
    <details class="raw">
      <summary>{title}</summary>
      {/* It scrolls, so that it has to be reached by the keyboard. */}
      <pre tabIndex={0} role="region" aria-label={title}>
        {value}
      </pre>
    </details>
  )
}

/** The way to what is older than this page of a list. */
export function Pager({
  older,
  children,
}: {
  older: string | undefined
  children?: ComponentChildren
}): JSX.Element {
  return (
    <nav class="pager" aria-label="Pages">
      {children}
      {older === undefined ? null : (
        <a rel="next" href={older}>
          Older
        </a>
      )}
    </nav>
  )
}

/** Wide tables scroll by themselves, and not the page. */
export function TableBox({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="table-box" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  )
}
