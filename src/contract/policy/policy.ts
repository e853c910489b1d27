import { templateMatcher } from '../../http/path-template.ts'
import type { OutcomeClass } from '../../http/profiles.ts'
import type { Profile } from '../profiles.ts'

/**
 * What a service does with repeated requests, by its own configuration. The page for partners and what is added to an
 * OpenAPI document are made from it alone.
 */
export interface Policy {
  readonly service: string | undefined
  /** Where it is documented; refusals link there. */
  readonly documentation: string | undefined
  /** The first that fits an operation counts. */
  readonly routes: readonly PolicyRoute[]
}

export interface PolicyRoute {
  /** `/orders/:id`, a last segment `*` for any rest; `undefined` is any. */
  readonly path: string | undefined
  /** In upper case. */
  readonly methods: readonly string[]
  /** False: keys are not looked at here. */
  readonly isGuarded: boolean
  readonly isRequired: boolean
  readonly retainMs: number
  /** With the header and the statuses of this service. */
  readonly profile: Profile
  /** RFC 6901 pointer to the key in a JSON body, for requests without the header. */
  readonly bodyKey: string | undefined
  /** What an answer of this status means. */
  readonly classOf: (status: number) => OutcomeClass
  /** What becomes of a request whose outcome is not known: it stays so, or a retry finds it out. */
  readonly unclear: 'stays' | 'is-found-out'
}

/** What holds for an operation; `undefined` where it takes no key. A path may have parameters of its own: `/orders/{id}`. */
export function routeFor(
  { routes }: Policy,
  { path, method }: { path: string; method: string },
): PolicyRoute | undefined {
  const segments = path.split('/')
  const route = routes.find(
    (one) => one.methods.includes(method) && (one.path === undefined || templateMatcher(one.path)(segments)),
  )
  return route?.isGuarded === true ? route : undefined
}
