import { count, label, members, milliseconds } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import { list, only, optional, token } from '../gateway/config-values.ts'
import type { EffectTarget } from './effects/sender.ts'
import type { VerifiedOperation } from './verify.ts'

/** `operations: { charge: { statusUrl: …, happened: [200], didNotHappen: [404] } }`. Throws `OPTION_INVALID`. */
export function parseOperations(raw: unknown): ReadonlyMap<string, VerifiedOperation> {
  return new Map(
    Object.entries(members(raw, 'operations')).map(([operation, given]) => [
      label(operation, 'operations', 100),
      parseOperation(given, `operations.${operation}`),
    ]),
  )
}

const operationFields = ['statusUrl', 'settleMs', 'happened', 'didNotHappen', 'tokenEnv']

function parseOperation(raw: unknown, name: string): VerifiedOperation {
  const given = only(members(raw, name), name, operationFields)
  const { statusUrl } = given
  const isUrl = typeof statusUrl === 'string' && /^https?:\/\//.test(statusUrl) && URL.canParse(statusUrl)
  if (!isUrl || !/\{(key|effectKey)\}/.test(statusUrl))
    throw optionInvalid(`${name}.statusUrl`, 'a URL with {key} or {effectKey} in it', statusUrl)
  const happened = statuses(given['happened'] ?? [200], `${name}.happened`)
  const didNotHappen = statuses(given['didNotHappen'] ?? [404], `${name}.didNotHappen`)
  const both = happened.find((status) => didNotHappen.includes(status))
  if (both !== undefined) throw optionInvalid(`${name}.didNotHappen`, 'none of happened', both)
  return {
    statusUrl,
    settleMs: milliseconds(given['settleMs'] ?? 60_000, `${name}.settleMs`, 1),
    happened,
    didNotHappen,
    ...tokenEnv(given['tokenEnv'], name),
  }
}

function statuses(raw: unknown, name: string): readonly number[] {
  return list(raw, name, 'a list of statuses').map((status, at) =>
    count(status, `${name}[${at}]`, { min: 200, max: 599 }),
  )
}

/** `targets: [https://api.example, { origin: …, tokenEnv: … }]`. Absent: any origin may be asked for. */
export function parseTargets(raw: unknown): readonly EffectTarget[] | undefined {
  const given = only(members(raw, 'effects'), 'effects', ['targets'])
  const { targets } = given
  if (targets === undefined || targets === null) return undefined
  return list(targets, 'effects.targets', 'a list of origins').map((item, at) => {
    const name = `effects.targets[${at}]`
    const target = only(typeof item === 'string' ? { origin: item } : members(item, name), name, [
      'origin',
      'tokenEnv',
    ])
    const { origin } = target
    const isOrigin =
      typeof origin === 'string' &&
      URL.canParse(origin) &&
      /^https?:$/.test(new URL(origin).protocol) &&
      new URL(origin).origin === origin
    if (!isOrigin) throw optionInvalid(name, 'an origin such as https://api.example', origin)
    return { origin, ...tokenEnv(target['tokenEnv'], name) }
  })
}

function tokenEnv(raw: unknown, name: string): { readonly tokenEnv?: string } {
  return optional('tokenEnv', raw, (value) => {
    const variable = token(value, `${name}.tokenEnv`)
    if (process.env[variable] !== undefined) return variable
    throw optionInvalid(`${name}.tokenEnv`, 'a variable of the environment that is set', variable)
  })
}
