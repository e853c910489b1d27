import { label, members } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import { names, only, optional, token } from './config-values.ts'
import type { CallerConfig, JwtChecks, JwtProof } from './schema.ts'

const expected = 'authorization, anonymous, { header: NAME } or { jwt: … }'

/** Throws `OPTION_INVALID`. */
export function parseCaller(raw: unknown): CallerConfig {
  if (raw === 'authorization' || raw === 'anonymous') return { kind: raw }
  if (typeof raw !== 'object' || raw === null) throw optionInvalid('caller', expected, raw)
  const given = only(raw, 'caller', ['header', 'jwt'])
  if ('header' in given && !('jwt' in given))
    return { kind: 'header', header: token(given['header'], 'caller.header').toLowerCase() }
  if ('jwt' in given && !('header' in given)) return parseJwt(given['jwt'])
  throw optionInvalid('caller', expected, raw)
}

const jwtFields = ['claim', 'secretEnv', 'publicKeyFile', 'unverified', 'algorithms', 'issuer', 'audience']

function parseJwt(raw: unknown): CallerConfig {
  const given = only(members(raw, 'caller.jwt'), 'caller.jwt', jwtFields)
  return {
    kind: 'jwt',
    claim: label(given['claim'] ?? 'sub', 'caller.jwt.claim', 200),
    proof: parseProof(given),
  }
}

/** A token that nobody has verified names whoever its sender likes, so that must be said, in so many words. */
function parseProof(given: Readonly<Record<string, unknown>>): JwtProof {
  const { secretEnv, publicKeyFile, unverified } = given
  const ways = [secretEnv, publicKeyFile, unverified].filter((value) => value !== undefined)
  if (ways.length !== 1 || (unverified !== undefined && unverified !== true))
    throw optionInvalid(
      'caller.jwt',
      'one of secretEnv: VARIABLE, publicKeyFile: FILE and unverified: true (behind an authenticator)',
      given,
    )
  if (unverified === true) return { kind: 'none' }
  const checks = (usual: readonly string[]): JwtChecks => ({
    algorithms: names(given['algorithms'] ?? usual, 'caller.jwt.algorithms'),
    ...optional('issuer', given['issuer'], text),
    ...optional('audience', given['audience'], text),
  })
  return secretEnv === undefined
    ? { kind: 'public-key', file: text(publicKeyFile, 'caller.jwt.publicKeyFile'), ...checks([]) }
    : { kind: 'secret', env: text(secretEnv, 'caller.jwt.secretEnv'), ...checks(['HS256']) }
}

function text(value: unknown, name: string): string {
  return label(value, name, 2000)
}

/** True where anybody who reaches the gateway can name whoever they like. */
export function isBelieved(config: CallerConfig): boolean {
  return config.kind === 'header' || (config.kind === 'jwt' && config.proof.kind === 'none')
}
