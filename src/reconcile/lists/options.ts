import { count, label, members, oneOf } from '../../kernel/check.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'

/** How the next page of a list is found. */
export type NextPage =
  /** A header `Link: <…>; rel="next"` (RFC 8288). */
  | { readonly kind: 'link' }
  /** A member of the answer holds the URL of the next page. */
  | { readonly kind: 'url'; readonly path: string }
  /** A member of the answer holds a cursor that is sent as a parameter. */
  | { readonly kind: 'cursor'; readonly path: string; readonly param: string }
  /** A member of the last item is sent as a parameter, while another member of the answer is true. */
  | { readonly kind: 'last-item'; readonly path: string; readonly param: string; readonly more?: string }
  /** Pages are numbered; one without items is the last. */
  | { readonly kind: 'page'; readonly param: string; readonly first?: number }
  /** There is one page. */
  | { readonly kind: 'none' }

/** How a list of a JSON API over HTTP is read. Secrets are named by their environment variables, never given. */
export interface ListOptions {
  /** `stripe` and `github` page as those do; `json` as `next` says. */
  readonly kind: 'stripe' | 'github' | 'json'
  /** The member that holds the items: `data.items`. Empty where the answer is the list. */
  readonly items?: string
  readonly next?: NextPage
  /** The environment variable that is sent as `Authorization: Bearer …`. */
  readonly tokenEnv?: string
  /** Headers whose values are in environment variables: `{ 'x-api-key': 'SHOP_KEY' }`. */
  readonly headerEnv?: Readonly<Record<string, string>>
  /** Default 10,000. */
  readonly maxPages?: number
  /** Of one attempt at one page. Default 30,000. */
  readonly timeoutMs?: number
  /** Attempts at one page, the first counted. Default 5. */
  readonly attempts?: number
}

export interface ListSettings {
  readonly items: string | undefined
  readonly next: NextPage
  readonly headers: Readonly<Record<string, string>>
  readonly hasSecret: boolean
  readonly maxPages: number
  readonly timeoutMs: number
  readonly attempts: number
}

interface Preset {
  readonly items: string | undefined
  readonly next: NextPage
  readonly accept: string
  readonly host: string
  readonly tokenEnv: string
}

const presets: Readonly<Record<ListOptions['kind'], Preset>> = {
  stripe: {
    items: 'data',
    next: { kind: 'last-item', path: 'id', param: 'starting_after', more: 'has_more' },
    accept: 'application/json',
    host: 'api.stripe.com',
    tokenEnv: 'STRIPE_API_KEY',
  },
  github: {
    items: undefined,
    next: { kind: 'link' },
    accept: 'application/vnd.github+json',
    host: 'api.github.com',
    tokenEnv: 'GITHUB_TOKEN',
  },
  json: { items: undefined, next: { kind: 'none' }, accept: 'application/json', host: '', tokenEnv: '' },
}

/** Throws `OPTION_INVALID`; no message holds a secret. */
export function listSettings(url: URL, options: ListOptions, option: string): ListSettings {
  members(options, option)
  const preset = presets[oneOf(options.kind, ['stripe', 'github', 'json'] as const, option)]
  const secrets = secretHeaders(url, { options, preset, option })
  const hasSecret = Object.keys(secrets).length > 0
  const isLocal = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (hasSecret && url.protocol !== 'https:' && !isLocal)
    throw new OncewardError('OPTION_INVALID', `${option}: a secret is sent over https: only.`)
  return {
    items: options.items === undefined ? preset.items : options.items,
    next: options.next === undefined ? preset.next : nextOf(options.next, option),
    headers: { accept: preset.accept, 'user-agent': 'onceward', ...secrets },
    hasSecret,
    maxPages: count(options.maxPages ?? 10_000, `${option} maxPages`, { min: 1, max: 1_000_000 }),
    timeoutMs: count(options.timeoutMs ?? 30_000, `${option} timeoutMs`, { min: 1, max: 600_000 }),
    attempts: count(options.attempts ?? 5, `${option} attempts`, { min: 1, max: 20 }),
  }
}

const nextMembers: Readonly<Record<NextPage['kind'], readonly string[]>> = {
  link: [],
  url: ['path'],
  cursor: ['path', 'param'],
  'last-item': ['path', 'param'],
  page: ['param'],
  none: [],
}

function nextOf(next: NextPage, option: string): NextPage {
  members(next, `${option} next`)
  const kind = oneOf(next.kind, Object.keys(nextMembers) as NextPage['kind'][], `${option} next.kind`)
  for (const name of nextMembers[kind])
    label((next as Readonly<Record<string, unknown>>)[name], `${option} next.${name}`, 1000)
  return next
}

interface Secrets {
  readonly options: ListOptions
  readonly preset: Preset
  readonly option: string
}

/** The well-known variable of a provider is sent to that provider only. */
function secretHeaders(url: URL, { options, preset, option }: Secrets): Record<string, string> {
  const headers: Record<string, string> = {}
  const known =
    url.hostname === preset.host && process.env[preset.tokenEnv] !== undefined ? preset.tokenEnv : undefined
  const token = options.tokenEnv ?? known
  if (token !== undefined) headers['authorization'] = `Bearer ${secretOf(token, option)}`
  for (const [name, variable] of Object.entries(options.headerEnv ?? {})) {
    if (!/^[\w-]+$/.test(name)) throw optionInvalid(`${option} headerEnv`, 'names of headers', name)
    headers[name.toLowerCase()] = secretOf(variable, option)
  }
  return headers
}

function secretOf(variable: string, option: string): string {
  if (!/^[A-Za-z_]\w*$/.test(variable))
    throw new OncewardError(
      'OPTION_INVALID',
      `${option}: a secret is given by the name of an environment variable; what was given is no such name.`,
    )
  const secret = process.env[variable]
  if (secret === undefined || secret === '') {
    // Whoever typed the secret itself by mistake must not find it in a log.
    const named = /^[A-Z][A-Z0-9_]*$/.test(variable) ? ` ${variable}` : ' that it names'
    throw new OncewardError('OPTION_INVALID', `${option}: the environment variable${named} is not set.`)
  }
  if (!/^[\t\u0020-\u007e]+$/.test(secret))
    throw new OncewardError('OPTION_INVALID', `${option}: ${variable} holds what no header can.`)
  return secret
}
