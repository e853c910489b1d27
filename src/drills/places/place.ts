import type { EmbeddedPostgres } from '../../testing/embedded-postgres.ts'

export type PlaceKind = 'sqlite' | 'postgres'

/** Where one drill keeps its ledger. */
export interface Place {
  readonly kind: PlaceKind
  /** For people and reports: the kind of a throw-away store, the URL (without its password) of the user's own. */
  readonly name: string
  readonly url: string
  /** Nobody else uses this scope, or the table. */
  readonly scope: string
  readonly rowsTable: string
  /** The user's own: it may not be killed, filled or bent. */
  readonly isUsersOwn: boolean
  /** Of a throw-away PostgreSQL. */
  readonly server?: EmbeddedPostgres
  /** Removes what the drill has left: the whole of a throw-away store, its own rows of the user's. */
  close(): Promise<void>
}
