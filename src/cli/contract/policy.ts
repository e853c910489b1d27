import type { Policy, PolicyRoute } from '../../contract/index.ts'
import { profiles as seenProfiles } from '../../contract/profiles.ts'
import { readGatewayPromises } from '../../gateway/config.ts'
import { classOf } from '../../gateway/decisions.ts'
import type { GatewayPromises, PolicyConfig } from '../../gateway/index.ts'
import { profileNames, profiles } from '../../http/profiles.ts'
import { oneOf } from '../../kernel/check.ts'

/** The policy of a service by its configuration, which is the gateway's. Throws `OPTION_INVALID`. */
export function readPolicy(text: string): Policy {
  return policyOf(readGatewayPromises(text))
}

/** What holds where nothing is configured but, perhaps, a profile. */
export function defaultPolicy(profileName?: string): Policy {
  const name = profileName === undefined ? undefined : oneOf(profileName, profileNames, '--profile')
  return readPolicy(name === undefined ? '' : `defaults: { profile: ${name} }`)
}

function policyOf({ service, docsUrl, routes, otherwise }: GatewayPromises): Policy {
  return {
    service,
    documentation: docsUrl,
    routes: [...routes.map((route) => routeOf(route, route.path)), routeOf(otherwise, undefined)],
  }
}

/** Every status here is one that the engine answers by this configuration. */
function routeOf(policy: PolicyConfig, path: string | undefined): PolicyRoute {
  const { methods, guard, require, safety, keyHeader, keyFromBody } = policy
  const engine = profiles[policy.profile]
  const seen = seenProfiles[policy.profile]
  return {
    path,
    methods,
    isGuarded: guard,
    isRequired: require,
    retainMs: policy.retainMs ?? engine.retainMs,
    profile: {
      ...seen,
      keyHeader: keyHeader === undefined ? seen.keyHeader : headerName(keyHeader),
      missing: 400,
      mismatch: engine.mismatchStatus,
      inFlight: [409],
      expired: engine.tombstoneMs === undefined ? 412 : undefined,
    },
    bodyKey: keyFromBody,
    classOf: (status) => classOf(policy, { status, attempt: 1 }),
    unclear: safety.kind === 'blind' ? 'stays' : 'is-found-out',
  }
}

/** As people write it: `X-Request-Id`. */
function headerName(name: string): string {
  return name.replaceAll(
    /(^|-)([a-z])/g,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  )
}
