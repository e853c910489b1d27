import { templateMatcher } from '../http/path-template.ts'
import type { GatewayConfig, RouteConfig } from './schema.ts'

export type MatchRoute = (method: string, target: string) => RouteConfig | undefined

/** Finds the first route of the file that fits. Requests that fit none go by `otherwise`. */
export function routeMatcher({ routes }: Pick<GatewayConfig, 'routes'>): MatchRoute {
  const matchers = routes.map((route) => ({ route, fits: templateMatcher(route.path) }))
  return (method, target) => {
    if (matchers.length === 0) return undefined
    const segments = pathOf(target).split('/')
    return matchers.find(({ route, fits }) => route.methods.includes(method) && fits(segments))?.route
  }
}

export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}
