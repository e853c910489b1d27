import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { messageOf, OncewardError, optionInvalid } from '../kernel/errors.ts'
import type { GatewayRules } from './decisions.ts'
import type { CallerConfig, JwtProof } from './schema.ts'

/** Names who calls; '' where nobody is named, which is refused. Asynchronous only where a token is verified. */
export type NameCaller = (request: IncomingMessage) => string | Promise<string>

/** Reads what the configuration names: a secret, a key. Throws `OPTION_INVALID`. */
export async function callerNamer(config: CallerConfig, rules: GatewayRules): Promise<NameCaller> {
  switch (config.kind) {
    case 'authorization':
      return ({ headers }) => rules.authorizationCaller(headers.authorization)
    case 'anonymous':
      return () => 'anonymous'
    case 'header':
      return ({ headers }) => String(headers[config.header] ?? '')
    case 'jwt': {
      const payloadOf = await tokenReader(config.proof)
      return async ({ headers }) => {
        const [, token] = /^bearer +([\w.~+/=-]+)$/i.exec(headers.authorization ?? '') ?? []
        if (token === undefined) return ''
        return claimOf(await payloadOf(token).catch(() => ({})), config.claim)
      }
    }
  }
}

/** The headers that say who calls: one of them twice could name two. */
export function callerHeaders(config: CallerConfig): readonly string[] {
  return config.kind === 'header' ? [config.header] : ['authorization']
}

function claimOf(payload: JWTPayload, claim: string): string {
  const value = payload[claim]
  const isName = (typeof value === 'string' && value !== '') || typeof value === 'number'
  // Two issuers may each have a user 1.
  return isName ? JSON.stringify([payload.iss ?? '', String(value)]) : ''
}

async function tokenReader(proof: JwtProof): Promise<(token: string) => Promise<JWTPayload>> {
  if (proof.kind === 'none') return async (token) => decodeJwt(token)
  const key = proof.kind === 'secret' ? secretOf(proof.env) : await publicKeyOf(proof.file)
  const { algorithms, issuer, audience } = proof
  const options = {
    algorithms: algorithms.length > 0 ? [...algorithms] : [algorithmOf(key as KeyObject)],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  }
  return async (token) => (await jwtVerify(token, key, options)).payload
}

const minSecretBytes = 32

function secretOf(name: string): Uint8Array {
  const secret = Buffer.from(process.env[name] ?? '', 'utf8')
  if (secret.byteLength >= minSecretBytes) return secret
  throw optionInvalid(
    'caller.jwt.secretEnv',
    `a variable that holds at least ${minSecretBytes} bytes`,
    `${name} (${secret.byteLength} bytes)`,
  )
}

async function publicKeyOf(file: string): Promise<KeyObject> {
  try {
    return createPublicKey(await readFile(file))
  } catch (error) {
    const message = `caller.jwt.publicKeyFile must be a public key in PEM, got ${JSON.stringify(file)}: ${messageOf(error)}`
    throw new OncewardError('OPTION_INVALID', message, { cause: error })
  }
}

function algorithmOf(key: KeyObject): string {
  const usual: Readonly<Record<string, string>> = { rsa: 'RS256', ec: 'ES256', ed25519: 'EdDSA' }
  const algorithm = usual[key.asymmetricKeyType ?? '']
  if (algorithm !== undefined) return algorithm
  throw optionInvalid('caller.jwt.publicKeyFile', 'an RSA, EC or Ed25519 key', key.asymmetricKeyType)
}
