import { readFile } from 'node:fs/promises'
import { messageOf, optionInvalid } from '../../kernel/errors.ts'
import type { FixOptions, ListOptions, ReconcileOptions } from '../../reconcile/index.ts'
import { parseCount, parseDuration } from '../values.ts'

/** What was typed. */
export interface ReconcileCommandOptions {
  readonly left?: string
  readonly right?: string
  readonly on?: string
  readonly compare?: string
  readonly leftAt?: string
  readonly rightAt?: string
  readonly grace?: string
  readonly asOf?: string
  readonly leftWhere?: string
  readonly rightWhere?: string
  readonly leftApi?: string
  readonly rightApi?: string
  readonly leftToken?: string
  readonly rightToken?: string
  readonly samples?: string
  readonly assumeUtc?: boolean
  readonly delimiter?: string
  readonly quote?: string
  readonly encoding?: string
  readonly engine?: string
  readonly memory?: string
  readonly threads?: string
  readonly out?: string
  readonly fix?: string
  readonly recall?: string
  readonly id?: string
  readonly keep?: string
  readonly mark?: string
  readonly ignore?: string
  readonly call?: string
  readonly callSafety?: string
  readonly callToken?: string
  readonly every?: string
  readonly watch?: boolean
  readonly name?: string
  readonly rounds?: string
  readonly exitOnAlert?: boolean
  readonly printSql?: string
}

const copied = [
  'compare',
  'leftAt',
  'rightAt',
  'asOf',
  'leftWhere',
  'rightWhere',
  'assumeUtc',
  'quote',
  'encoding',
  'engine',
  'memory',
] as const

/** Throws `OPTION_INVALID`. Values that the library checks are left to it. */
export async function reconcileOptions(typed: ReconcileCommandOptions): Promise<ReconcileOptions> {
  const { left, right, on } = typed
  for (const [name, value] of [
    ['--left', left],
    ['--right', right],
    ['--on', on],
  ] as const)
    if (value === undefined) throw optionInvalid(name, 'given', value)
  const given = copied.filter((name) => typed[name] !== undefined).map((name) => [name, typed[name]])
  const [leftApi, rightApi] = [await apiOf(typed, 'left'), await apiOf(typed, 'right')]
  return {
    ...(Object.fromEntries(given) as object),
    left: left ?? '',
    right: right ?? '',
    on: on ?? '',
    ...(typed.grace !== undefined && { graceMs: parseDuration(typed.grace, '--grace') }),
    ...(typed.samples !== undefined && {
      samples: parseCount(typed.samples, '--samples', { min: 0, max: 100_000 }),
    }),
    ...(typed.threads !== undefined && {
      threads: parseCount(typed.threads, '--threads', { min: 1, max: 1024 }),
    }),
    ...(typed.delimiter !== undefined && { delimiter: typed.delimiter === '\\t' ? '\t' : typed.delimiter }),
    ...(leftApi && { leftApi }),
    ...(rightApi && { rightApi }),
  }
}

/** A known kind, JSON, or a file of JSON. */
async function apiOf(
  typed: ReconcileCommandOptions,
  side: 'left' | 'right',
): Promise<ListOptions | undefined> {
  const [api, token] = side === 'left' ? [typed.leftApi, typed.leftToken] : [typed.rightApi, typed.rightToken]
  if (api === undefined && token === undefined) return undefined
  const named = token === undefined ? {} : { tokenEnv: token }
  const option = `--${side}-api`
  if (api === undefined || api === 'stripe' || api === 'github' || api === 'json')
    return { kind: api ?? 'json', ...named }
  const text = api.trimStart().startsWith('{')
    ? api
    : await readFile(api, 'utf8').catch((error: unknown) => {
        throw optionInvalid(option, `stripe, github, JSON, or a file of JSON (${messageOf(error)})`, api)
      })
  try {
    const parsed = JSON.parse(text) as Partial<ListOptions>
    return { kind: 'json', ...parsed, ...named }
  } catch (error) {
    throw optionInvalid(option, `stripe, github, JSON, or a file of JSON (${messageOf(error)})`, api)
  }
}

export function fixOptions(typed: ReconcileCommandOptions): FixOptions {
  const { id, keep, mark, ignore, call, callSafety, callToken } = typed
  const listed = (text: string): string[] => text.split(',').map((name) => name.trim())
  return {
    ...(id !== undefined && { id: listed(id) }),
    ...(ignore !== undefined && { ignore: listed(ignore) }),
    ...Object.fromEntries(
      Object.entries({ keep, mark, call, callSafety, callToken }).filter(([, value]) => value !== undefined),
    ),
  }
}
