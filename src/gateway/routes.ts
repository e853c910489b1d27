import type { GatewayConfig, RouteConfig } from './schema.ts'

/** A template compared segment by segment, exactly as the path was sent: nothing is decoded, no case is folded. */
interface Matcher {
  readonly segments: readonly string[]
  readonly hasRest: boolean
}

export type MatchRoute = (method: string, target: string) => RouteConfig | undefined

/** `/orders/:id`, `/files/*`: literal segments, parameters, and a rest at the end. */
export function isTemplate(path: string): boolean {
  return /^(\/(:[A-Za-z_]\w*|[\w.~!$&'()+,;=@%-]*))*(\/\*)?$/.test(path) && path !== ''
}

/** Finds the first route of the file that fits. Requests that fit none go by `otherwise`. */
export function routeMatcher({ routes }: Pick<GatewayConfig, 'routes'>): MatchRoute {
  const matchers = routes.map((route) => ({ route, matcher: matcherOf(route.path) }))
  return (method, target) => {
    if (matchers.length === 0) return undefined
    const segments = pathOf(target).split('/')
    return matchers.find(({ route, matcher }) => route.methods.includes(method) && fits(matcher, segments))
      ?.route
  }
}

function matcherOf(path: string): Matcher {
  const segments = path.split('/')
  const hasRest = segments.at(-1) === '*'
  return { segments: hasRest ? segments.slice(0, -1) : segments, hasRest }
}

function fits({ segments, hasRest }: Matcher, given: readonly string[]): boolean {
  if (hasRest ? given.length <= segments.length : given.length !== segments.length) return false
  return segments.every((segment, at) => (segment.startsWith(':') ? given[at] !== '' : segment === given[at]))
}

export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}
