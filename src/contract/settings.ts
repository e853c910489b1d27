import { oneOf } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import { comparedHeaders } from './answer.ts'
import type { OpenApiSource } from './openapi/document.ts'
import { profileNames } from '../http/profiles.ts'
import { type Profile, profiles } from './profiles.ts'
import type { HeaderList } from './send.ts'
import { type BodyTemplate, defaultTemplate } from './template.ts'

/** What is tested, and how. Durations are milliseconds. */
export interface ContractOptions {
  /** http or https. Left out, only the OpenAPI document is looked at and nothing is sent. */
  readonly url?: string
  readonly method?: string
  /** Sent with every request, the counting ones included. */
  readonly headers?: HeaderList
  /** Default: made from the schema in `openapi`, else `{"reference":"{{uuid}}"}`. */
  readonly body?: BodyTemplate
  /** RFC 6901 pointers into a JSON body: what stands there becomes a UUID of each payload. */
  readonly unique?: readonly string[]
  readonly openapi?: OpenApiSource
  /** Default: `ietf-07-lenient`. */
  readonly profile?: string
  /** Where the service calls its key header otherwise than the profile does. */
  readonly keyHeader?: string
  readonly count?:
    | { readonly kind: 'endpoint'; readonly url: string; readonly path: string }
    | { readonly kind: 'webhook'; readonly host: string; readonly port: number }
  /** A path that takes the same body. */
  readonly otherPath?: string
  /** Headers that make a request another caller's. */
  readonly otherCaller?: HeaderList
  /** A body that the service refuses with an answer of its own. */
  readonly errorBody?: BodyTemplate
  /** Restarts the service; resolves when it is told to start, or rejects with why it could not be. */
  readonly restart?: (signal: AbortSignal) => Promise<void>
  /** Beside status and body. Default: content-type, location. */
  readonly compareHeaders?: readonly string[]
  /** Of one request, default 10,000. */
  readonly timeoutMs?: number
  /** How long a late effect is waited for, default 250. */
  readonly settleMs?: number
  /** How long a key may be called in flight after a cut, default 10,000. */
  readonly patienceMs?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: {
    readonly id: string
    readonly done: number
    readonly of: number
  }) => void
}

/** The options, parsed once. */
export interface Settings {
  readonly profile: Profile
  readonly method: string
  readonly headers: HeaderList
  readonly body: BodyTemplate
  readonly otherPath: string | undefined
  readonly otherCaller: HeaderList | undefined
  readonly errorBody: BodyTemplate | undefined
  readonly restart: ContractOptions['restart']
  readonly compareHeaders: readonly string[]
  readonly timeoutMs: number
  readonly settleMs: number
  readonly patienceMs: number
  readonly signal: AbortSignal
}

const methods = ['POST', 'PATCH', 'PUT', 'DELETE'] as const

export function settingsOf(options: ContractOptions, sampled: BodyTemplate | undefined): Settings {
  const profile = profiles[oneOf(options.profile ?? profileNames[0], profileNames, '--profile')]
  return {
    profile: options.keyHeader === undefined ? profile : { ...profile, keyHeader: options.keyHeader },
    method: methodOf(options),
    headers: (options.headers ?? []).map(parseHeader),
    body: withUnique(options.body ?? sampled ?? defaultTemplate, options.unique ?? []),
    otherPath: options.otherPath,
    otherCaller: options.otherCaller?.map(parseHeader),
    errorBody: options.errorBody,
    restart: options.restart,
    compareHeaders: (options.compareHeaders ?? comparedHeaders).map((name) => name.toLowerCase()),
    timeoutMs: options.timeoutMs ?? 10_000,
    settleMs: options.settleMs ?? 250,
    patienceMs: options.patienceMs ?? 10_000,
    signal: options.signal ?? new AbortController().signal,
  }
}

export function methodOf({ method }: ContractOptions): string {
  return oneOf((method ?? 'POST').toUpperCase(), methods, '--method')
}

export function parseTarget(url: string): URL {
  const target = URL.parse(url)
  // A password would stand in the report.
  if (target !== null && target.password + target.username !== '')
    throw optionInvalid('--url', 'a URL without a password (--header Authorization:…)', target.origin)
  if (target?.protocol === 'http:' || target?.protocol === 'https:') return target
  throw optionInvalid('--url', 'an http or https URL', url)
}

/** RFC 9110: a token, and a value in which no line ends. */
function parseHeader([name, value]: HeaderList[number]): HeaderList[number] {
  if (/^[!#$%&'*+.^_`|~\w-]+$/.test(name) && !/[\0\r\n]/.test(value)) return [name, value]
  throw optionInvalid('--header', 'NAME:VALUE', `${name}:${value}`)
}

/** Puts `{{uuid}}` where `pointers` lead. What stands there must be a text. */
function withUnique(template: BodyTemplate, pointers: readonly string[]): BodyTemplate {
  if (pointers.length === 0) return template
  const document = parsed(template.text)
  for (const pointer of pointers) place(document, pointer)
  return { ...template, text: JSON.stringify(document) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw optionInvalid('--unique', 'used with a JSON body', text)
  }
}

function place(document: unknown, pointer: string): void {
  const tokens = pointer.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  const name = tokens.pop()
  let at = document
  for (const token of tokens.slice(1)) at = isObject(at) ? at[token] : undefined
  if (name !== undefined && pointer.startsWith('/') && isObject(at) && typeof at[name] === 'string')
    at[name] = '{{uuid}}'
  else throw optionInvalid('--unique', 'a JSON pointer to a text in the body, such as /reference', pointer)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
