import type { BodyTemplate, ContractOptions } from '../../contract/index.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { parseCount, parseDuration } from '../values.ts'
import { readText } from './files.ts'
import { runRestart } from './restart.ts'

/** What was typed. */
export interface ContractCommandOptions {
  readonly url?: string
  readonly method?: string
  readonly body?: string
  readonly header: readonly string[]
  readonly unique: readonly string[]
  readonly openapi?: string
  readonly profile?: string
  readonly keyHeader?: string
  readonly countUrl?: string
  readonly countPath?: string
  readonly countWebhook?: string
  readonly otherPath?: string
  readonly otherCaller: readonly string[]
  readonly errorBody?: string
  readonly restart?: string
  readonly compareHeader: readonly string[]
  readonly timeout?: string
  readonly settle?: string
  readonly patience?: string
  readonly limit?: string
  readonly junit?: string
  readonly init?: string
  readonly policy?: string
  readonly config?: string
}

/** Of a duration that a timer can hold and a person can wait for. */
const longestMs = 60 * 60_000

/** What is to be tested, with the files read. Throws `OPTION_INVALID`, as all of these do. */
export async function contractOptions(typed: ContractCommandOptions): Promise<ContractOptions> {
  const { restart } = typed
  const options = {
    url: typed.url,
    method: typed.method,
    profile: typed.profile,
    keyHeader: typed.keyHeader,
    otherPath: typed.otherPath,
    headers: typed.header.map((header) => parseHeader(header, '--header')),
    unique: typed.unique,
    otherCaller:
      typed.otherCaller.length === 0
        ? undefined
        : typed.otherCaller.map((header) => parseHeader(header, '--other-caller')),
    compareHeaders: typed.compareHeader.length === 0 ? undefined : typed.compareHeader,
    body: typed.body === undefined ? undefined : await readBody(typed.body, '--body'),
    errorBody: typed.errorBody === undefined ? undefined : await readBody(typed.errorBody, '--error-body'),
    openapi:
      typed.openapi === undefined
        ? undefined
        : { name: typed.openapi, text: await readText(typed.openapi, '--openapi') },
    count: parseCounting(typed),
    restart: restart === undefined ? undefined : (signal: AbortSignal) => runRestart(restart, signal),
    timeoutMs: parseTime(typed.timeout, '--timeout', 1),
    settleMs: parseTime(typed.settle, '--settle', 0),
    patienceMs: parseTime(typed.patience, '--patience', 0),
  }
  return withoutUndefined(options)
}

export function parseTime(text: string | undefined, name: string, minMs: number): number | undefined {
  if (text === undefined) return undefined
  const ms = parseDuration(text, name)
  if (ms < minMs || ms > longestMs) throw optionInvalid(name, `a duration from ${minMs}ms to 1h`, text)
  return ms
}

function parseHeader(text: string, name: string): readonly [string, string] {
  const at = text.indexOf(':')
  if (at < 1) throw optionInvalid(name, 'NAME:VALUE, such as Authorization:Bearer…', text)
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

function parseCounting(typed: ContractCommandOptions): ContractOptions['count'] {
  const { countUrl: url, countPath: path, countWebhook: webhook } = typed
  if (path !== undefined && url === undefined)
    throw optionInvalid('--count-path', 'given together with --count-url', path)
  if (url !== undefined && webhook !== undefined)
    throw optionInvalid('--count-webhook', 'left out beside --count-url', webhook)
  if (webhook !== undefined) return { kind: 'webhook', ...parseListen(webhook) }
  return url === undefined ? undefined : { kind: 'endpoint', url, path: path ?? '$' }
}

/** `HOST:PORT`, `[::1]:PORT`, or a port alone, on the loopback address. */
function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([\da-f:]+)\]:|([\w.-]+):)?(\d+)$/i.exec(text)
  if (match === null) throw optionInvalid('--count-webhook', 'HOST:PORT or a port', text)
  const port = parseCount(match[3] ?? '', '--count-webhook', { min: 1, max: 65_535 })
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port }
}

/** JSON by its look, else plain text; `--header Content-Type:…` says otherwise. */
async function readBody(path: string, name: string): Promise<BodyTemplate> {
  const text = await readText(path, name)
  const isJson = /^\s*[[{]/.test(text)
  return { text, contentType: isJson ? 'application/json' : 'text/plain' }
}

function withoutUndefined<T extends object>(options: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [Name in keyof T]: Exclude<T[Name], undefined> }
}
