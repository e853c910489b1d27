import type { Me } from './types.ts'

/** What every page gets. */
export interface PageProps {
  readonly me: Me
  /** The scope that is looked at. */
  readonly scope: string
  readonly query: URLSearchParams
  /** What the path says beyond the page's own: the ref of an entry. */
  readonly rest: string
}
