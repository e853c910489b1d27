import { parseDocument } from 'yaml'
import { count, oneOf } from '../../kernel/check.ts'
import { parseDuration } from '../../kernel/duration.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { profileNames } from '../../http/profiles.ts'
import { type Profile, profiles } from '../profiles.ts'

/**
 * What a service says of repeated requests. The page for partners and what is added to an OpenAPI document are made
 * from it alone.
 */
export interface Policy {
  readonly service: string | undefined
  /** Where it is documented; refusals link there. */
  readonly documentation: string | undefined
  readonly profile: Profile
  /** The first that fits an operation counts. */
  readonly routes: readonly PolicyRoute[]
}

export interface PolicyRoute {
  /** As in the OpenAPI document; `undefined` is any. */
  readonly path: string | undefined
  /** In upper case. */
  readonly methods: readonly string[]
  readonly isRequired: boolean
  readonly retainMs: number
}

type Given = Readonly<Record<string, unknown>>

const policyNames = [
  'service',
  'documentation',
  'profile',
  'header',
  'required',
  'retention',
  'methods',
  'routes',
]
const routeNames = ['path', 'methods', 'required', 'retention']
const allMethods = ['POST', 'PATCH', 'PUT', 'DELETE'] as const

/** The policy where nothing is configured. */
export function defaultPolicy(profileName?: string): Policy {
  return policyOf({}, profileName)
}

/** Reads a policy from YAML or JSON. Throws `OPTION_INVALID` that names the member. */
export function readPolicy({ name, text }: { name: string; text: string }, profileName?: string): Policy {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) throw optionInvalid('--config', `YAML (${error.message.split('\n')[0]})`, name)
  const given: unknown = document.toJS()
  return policyOf(membersOf(given ?? {}, '--config', policyNames), profileName)
}

function policyOf(given: Given, profileName: string | undefined): Policy {
  const named = profileName ?? given['profile'] ?? profileNames[0]
  const base = profiles[oneOf(named, profileNames, profileName === undefined ? 'profile' : '--profile')]
  const header = optionalText(given['header'], 'header')
  const profile = header === undefined ? base : { ...base, keyHeader: header }
  const whole: PolicyRoute = {
    path: undefined,
    methods: methodsOf(given['methods'], 'methods') ?? ['POST', 'PATCH'],
    isRequired: optionalBoolean(given['required'], 'required') ?? profile.missing !== undefined,
    retainMs: durationOf(given['retention'], 'retention') ?? profile.retainMs,
  }
  return {
    service: optionalText(given['service'], 'service'),
    documentation: optionalText(given['documentation'], 'documentation'),
    profile,
    routes: routesOf(given['routes'], whole),
  }
}

function routesOf(given: unknown, whole: PolicyRoute): readonly PolicyRoute[] {
  if (given === undefined) return [whole]
  if (!Array.isArray(given)) throw optionInvalid('routes', 'a list', given)
  count(given.length, 'routes.length', { min: 0, max: 1000 })
  const routes = given.map((one: unknown, index): PolicyRoute => {
    const at = `routes[${index}]`
    const route = membersOf(one, at, routeNames)
    return {
      path: optionalText(route['path'], `${at}.path`),
      methods: methodsOf(route['methods'], `${at}.methods`) ?? whole.methods,
      isRequired: optionalBoolean(route['required'], `${at}.required`) ?? whole.isRequired,
      retainMs: durationOf(route['retention'], `${at}.retention`) ?? whole.retainMs,
    }
  })
  return [...routes, whole]
}

/** What holds for an operation; `undefined` where it takes no key. */
export function routeFor(
  { routes }: Policy,
  { path, method }: { path: string; method: string },
): PolicyRoute | undefined {
  return routes.find((route) => (route.path ?? path) === path && route.methods.includes(method))
}

function membersOf(value: unknown, name: string, known: readonly string[]): Given {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw optionInvalid(name, `an object with ${known.join(', ')}`, value)
  const unknown = Object.keys(value).find((member) => !known.includes(member))
  if (unknown !== undefined) throw optionInvalid(`${name} member`, `one of ${known.join(', ')}`, unknown)
  return value as Given
}

function methodsOf(value: unknown, name: string): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length === 0)
    throw optionInvalid(name, 'a list such as [POST, PATCH]', value)
  return value.map((method: unknown) => oneOf(String(method).toUpperCase(), allMethods, name))
}

function durationOf(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(typeof value === 'string' ? value : JSON.stringify(value), name)
  if (ms < 1) throw optionInvalid(name, 'longer than nothing', value)
  return ms
}

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && value.trim() !== '')) return value
  throw optionInvalid(name, 'a text', value)
}

function optionalBoolean(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw optionInvalid(name, 'true or false', value)
}
