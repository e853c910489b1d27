import { boolean, count, label, members, milliseconds, oneOf } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import { type OutcomeClass, profileNames } from '../http/profiles.ts'
import { list, names, only, optional, token } from './config-values.ts'
import { isTemplate } from '../http/path-template.ts'
import {
  givenUpAfterMs,
  type OutcomeRule,
  type PolicyConfig,
  type RouteConfig,
  type RouteSafety,
  type VerifiableRoute,
} from './schema.ts'

const policyFields = [
  'guard',
  'methods',
  'profile',
  'require',
  'keyHeader',
  'keyFromBody',
  'fingerprint',
  'ignore',
  'replayHeaders',
  'retainMs',
  'waitMs',
  'leaseMs',
  'answerMs',
  'outcome',
  'safety',
]

type Fields = Readonly<Record<string, unknown>>

interface Usual {
  readonly answerMs: number
  /** Members that are no policy. */
  readonly more?: readonly string[]
}

/** The routes of a file; what a route does not say, `defaults` says. Throws `OPTION_INVALID`. */
export function parseRoutes(raw: unknown, defaults: unknown, answerMs: number): readonly RouteConfig[] {
  const seen = new Map<string, string>()
  return list(raw, 'routes', 'a list of routes').map((item, at) => {
    const name = `routes[${at}]`
    const given = only(members(item, name), name, ['path', ...policyFields])
    const { path } = given
    if (typeof path !== 'string' || !isTemplate(path))
      throw optionInvalid(`${name}.path`, 'a path such as /orders/:id or /files/*', path)
    const policy = parsePolicy({ ...(defaults as Fields), ...given }, name, { answerMs, more: ['path'] })
    for (const method of policy.methods) {
      const before = seen.get(`${method} ${path}`)
      if (before !== undefined) throw optionInvalid(`${name}.path`, `another one than in ${before}`, path)
      seen.set(`${method} ${path}`, name)
    }
    return { path, ...policy }
  })
}

export function parsePolicy(raw: unknown, name: string, usual: Usual): PolicyConfig {
  const given = only(members(raw, name), name, [...policyFields, ...(usual.more ?? [])])
  const at = (field: string): string => `${name}.${field}`
  const ms = (minMs: number) => (value: unknown, field: string) => milliseconds(value, at(field), minMs)
  const text = (value: unknown, field: string): string => label(value, at(field), 200)
  const ignore = names(given['ignore'] ?? [], at('ignore'))
  const keyFromBody = given['keyFromBody']
  const isPointer = typeof keyFromBody === 'string' && keyFromBody.startsWith('/')
  if (keyFromBody !== undefined && !isPointer)
    throw optionInvalid(at('keyFromBody'), 'an RFC 6901 pointer such as /requestId', keyFromBody)
  const answerMs = milliseconds(given['answerMs'] ?? usual.answerMs, at('answerMs'), 1)
  return {
    guard: boolean(given['guard'] ?? true, at('guard')),
    methods: list(given['methods'] ?? ['POST', 'PATCH'], at('methods'), 'a list of methods').map(
      (item, index) => token(item, `${at('methods')}[${index}]`).toUpperCase(),
    ),
    profile: oneOf(given['profile'] ?? 'ietf-07-lenient', profileNames, at('profile')),
    require: boolean(given['require'] ?? true, at('require')),
    ...optional('keyHeader', given['keyHeader'], (value) => token(value, at('keyHeader')).toLowerCase()),
    ...optional('keyFromBody', keyFromBody, text),
    fingerprint: oneOf(
      given['fingerprint'] ?? (ignore.length > 0 ? 'json' : 'bytes'),
      ['bytes', 'json'],
      at('fingerprint'),
    ),
    ignore,
    replayHeaders: names(given['replayHeaders'] ?? [], at('replayHeaders')),
    ...optional('retainMs', given['retainMs'], ms(0)),
    waitMs: milliseconds(given['waitMs'] ?? 0, at('waitMs'), 0),
    ...optional('leaseMs', given['leaseMs'], ms(100)),
    answerMs,
    outcome: parseOutcome(given['outcome'] ?? {}, at('outcome')),
    safety: parseRouteSafety(given['safety'] ?? 'blind', at('safety'), answerMs),
  }
}

const classes: Readonly<Record<string, OutcomeClass>> = {
  final: 'final',
  noEffect: 'no-effect',
  ambiguous: 'ambiguous',
}

/** `{ final: [404], noEffect: [429], ambiguous: [5xx] }`. */
function parseOutcome(raw: unknown, name: string): readonly OutcomeRule[] {
  const given = only(members(raw, name), name, Object.keys(classes))
  return Object.entries(given).flatMap(([member, values]) =>
    list(values, `${name}.${member}`, 'a list such as [404, 5xx]').map((status, at) => {
      const range = /^([2-5])xx$/i.exec(String(status))
      const outcome = classes[member] as OutcomeClass
      if (range !== null) {
        const from = Number(range[1]) * 100
        return { from, to: from + 99, outcome }
      }
      const exact = count(status, `${name}.${member}[${at}]`, { min: 200, max: 599 })
      return { from: exact, to: exact, outcome }
    }),
  )
}

function parseRouteSafety(raw: unknown, name: string, answerMs: number): RouteSafety {
  const given = (typeof raw === 'string' ? { kind: raw } : members(raw, name)) as Fields
  const kind = oneOf(given['kind'], ['blind', 'keyed', 'verifiable'], `${name}.kind`)
  if (kind === 'blind') {
    only(given, name, ['kind'])
    return { kind }
  }
  if (kind === 'verifiable') return parseVerifiable(given, name, answerMs)
  only(given, name, ['kind', 'keyLifetimeMs'])
  return {
    kind,
    ...optional('keyLifetimeMs', given['keyLifetimeMs'], (value, field) =>
      milliseconds(value, `${name}.${field}`, 1),
    ),
  }
}

const verifiableFields = [
  'kind',
  'statusPath',
  'settleMs',
  'happened',
  'didNotHappen',
  'answerStatus',
  'tokenEnv',
]

function parseVerifiable(raw: Fields, name: string, answerMs: number): VerifiableRoute {
  const given = only(raw, name, verifiableFields)
  const { statusPath } = given
  const isPath =
    typeof statusPath === 'string' && /^\/[!-~]*$/.test(statusPath) && statusPath.includes('{key}')
  if (!isPath)
    throw optionInvalid(`${name}.statusPath`, 'a path with {key}, such as /orders?key={key}', statusPath)
  const happened = statuses(given['happened'] ?? [200], `${name}.happened`)
  const didNotHappen = statuses(given['didNotHappen'] ?? [404], `${name}.didNotHappen`)
  const both = happened.find((status) => didNotHappen.includes(status))
  if (both !== undefined) throw optionInvalid(`${name}.didNotHappen`, 'no status that happened has', both)
  return {
    kind: 'verifiable',
    statusPath,
    settleMs: parseSettle(given['settleMs'], `${name}.settleMs`, answerMs),
    happened,
    didNotHappen,
    ...optional('answerStatus', given['answerStatus'], (value, field) =>
      count(value, `${name}.${field}`, { min: 200, max: 599 }),
    ),
    ...optional('tokenEnv', given['tokenEnv'], (value, field) => label(value, `${name}.${field}`, 200)),
  }
}

/**
 * A service that is asked while the request may still be on its way, or held on to, can say no to what happens afterwards.
 * What was sent in the last moment is given up that much later.
 */
function parseSettle(value: unknown, name: string, answerMs: number): number {
  const longestMs = answerMs + givenUpAfterMs
  const settleMs = milliseconds(value ?? Math.max(60_000, longestMs), name, 100)
  if (settleMs >= longestMs) return settleMs
  const expected = `at least ${longestMs}, which is how long a request lives here (answerMs, ${answerMs}, and the ${givenUpAfterMs} ms in which it is given up)`
  throw optionInvalid(name, expected, settleMs)
}

function statuses(value: unknown, name: string): readonly number[] {
  return list(value, name, 'a list of statuses').map((status, at) =>
    count(status, `${name}[${at}]`, { min: 200, max: 599 }),
  )
}
