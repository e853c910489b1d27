import type { Runtime } from '../kernel/runtime.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Store } from '../ledger/store.ts'
import type { Principal } from './access/principal.ts'
import { scopesOf } from './access/principal.ts'
import type { Sessions } from './access/sessions.ts'
import type { Tokens } from './access/tokens.ts'
import type { Activity } from './activity/activity.ts'
import { LiveFeed } from './activity/live.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { ServerConfig } from './config.ts'
import type { Effects } from './effects/effects.ts'
import type { Ledgers } from './ledgers.ts'
import { Problem } from './problems.ts'
import type { Readiness } from './readiness.ts'
import type { RecordedResults } from './recorded.ts'

export interface ServiceParts {
  readonly config: ServerConfig
  readonly runtime: Runtime
  readonly version: string
  readonly store: Store
  readonly ledgers: Ledgers
  readonly activity: Activity
  readonly readiness: Readiness
  readonly tokens: Tokens
  readonly sessions: Sessions
  readonly trail: AuditTrail
  readonly recorded: RecordedResults
  /** By scope. */
  readonly effects: ReadonlyMap<string, Effects>
  readonly doctor: (() => Promise<unknown>) | undefined
  /** All metrics of this process, in Prometheus' text format. */
  readonly metrics: () => Promise<string>
  /** The OpenAPI document. */
  readonly document: () => unknown
  /** Is told of faults of the server's own. */
  readonly onError: (error: unknown) => void
}

/** A decision that is about to be carried out. */
export interface Decided {
  readonly principal: Principal
  readonly what: string
  readonly about: string
  readonly scope?: string
  readonly why?: string
  readonly before?: unknown
  readonly after?: unknown
}

/** What the routes work with. */
export interface Services extends ServiceParts {
  /** Throws a problem for an entry that is not there, or in no scope of the caller's. */
  entryOf(principal: Principal, ref: string): Promise<Entry>
  /** Writes the decision down, and carries it out. Nothing is decided that the trail does not know; what fails is told too. */
  audited<T>(decided: Decided, act: () => Promise<T>): Promise<T>
  feedOf(scope: string): LiveFeed
  /** Throws a problem for a scope that is not served. */
  effectsOf(scope: string): Effects
  /** How many listen to the live feeds. */
  listeners(): number
  /** Ends the live feeds. */
  endFeeds(): void
}

export function makeServices(parts: ServiceParts): Services {
  const { store, ledgers, trail, activity, runtime } = parts
  const feeds = new Map<string, LiveFeed>()
  return {
    ...parts,
    entryOf: async (principal, ref) => {
      const { results } = await store.read([ref])
      const [entry] = results
      if (entry !== undefined && scopesOf(principal, ledgers.scopes).includes(entry.scope)) return entry
      throw new Problem('not-found', `There is no entry ${ref} in a scope that you may see.`)
    },
    audited: async ({ principal: { id, name, role }, ...decided }, act) => {
      const wish = { who: { id, name, role }, ...decided }
      const { seq } = await trail.append(wish)
      try {
        return await act()
      } catch (error) {
        const why = `record ${seq} was not carried out: ${error instanceof Error ? error.message : 'it failed'}`
        await trail
          .append({ ...wish, what: `${wish.what}.failed`, why, after: undefined })
          .catch(parts.onError)
        throw error
      }
    },
    feedOf: (scope) => {
      let feed = feeds.get(scope)
      if (feed === undefined) {
        feed = new LiveFeed(ledgers.of(scope), activity, runtime)
        feeds.set(scope, feed)
      }
      return feed
    },
    effectsOf: (scope) => {
      const found = parts.effects.get(scope)
      if (found === undefined)
        throw new Problem('not-found', `This server serves no scope ${JSON.stringify(scope)}.`)
      return found
    },
    listeners: () => [...feeds.values()].reduce((sum, feed) => sum + feed.listeners, 0),
    endFeeds: () => {
      for (const feed of feeds.values()) feed.close()
    },
  }
}
