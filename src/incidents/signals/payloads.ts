import type { BundleRow } from '../bundle/row.ts'
import type { Decisions } from './decisions.ts'
import type { Group } from './groups.ts'

export interface Differences {
  /** Names of fields that tell of another wish. */
  readonly business: readonly string[]
  /** Names of fields that change from attempt to attempt by their nature. */
  readonly volatile: readonly string[]
  /** All fields that were compared, but for volatile ones and those that hold the reference itself. */
  readonly compared: readonly string[]
}

const lists = ['rows', 'requests', 'deliveries', 'ledger'] as const

/** What differs between the payloads of a group; undefined where there is nothing to compare. */
export function differences(
  group: Group,
  { isVolatileName }: Pick<Decisions, 'isVolatileName'>,
): Differences | undefined {
  for (const name of lists) {
    const payloads = group[name].flatMap((row) => payloadOf(row) ?? [])
    if (payloads.length < 2) continue
    const names = new Set(payloads.flatMap((payload) => [...payload.keys()]))
    const differs = [...names].filter(
      (field) => new Set(payloads.map((payload) => payload.get(field) ?? null)).size > 1,
    )
    return {
      business: differs.filter((field) => !isVolatileName(field)),
      volatile: differs.filter((field) => isVolatileName(field)),
      compared: [...names].filter(
        (field) =>
          !isVolatileName(field) && payloads.some((payload) => bare(payload.get(field)) !== group.ref),
      ),
    }
  }
  return undefined
}

/** Leaves of JSON keep their quotes. */
function bare(text: string | undefined): string | undefined {
  return text?.replace(/^"|"$/g, '')
}

const ownIds = /(^|_)(id|uuid|row)$|Id$|^(host|pod|node|worker|run|attempt|duration|latency)/i

/** The leaves of a payload by their paths; of what is no JSON, the text; of a row without payload, its other columns. */
function payloadOf(row: BundleRow): ReadonlyMap<string, string> | undefined {
  if (row.payload !== undefined) {
    return jsonLeaves(row.payload) ?? new Map([['payload', row.payload]])
  }
  if (row.rest === undefined) return undefined
  const kept = Object.entries(row.rest).filter(([name]) => !ownIds.test(name))
  return kept.length === 0 ? undefined : new Map(kept)
}

/** The leaves of a JSON object or array by their paths, as JSON; undefined for any other text. */
export function jsonLeaves(text: string): ReadonlyMap<string, string> | undefined {
  const value = jsonOf(text)
  if (value === undefined) return undefined
  const leaves = new Map<string, string>()
  addLeaves(value, '', leaves)
  return leaves
}

function jsonOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const maxLeaves = 500

function addLeaves(value: unknown, path: string, leaves: Map<string, string>): void {
  if (leaves.size >= maxLeaves) return
  if (typeof value === 'object' && value !== null && path.split('.').length < 10) {
    for (const [name, member] of Object.entries(value))
      addLeaves(member, path === '' ? name : `${path}.${name}`, leaves)
    return
  }
  leaves.set(path, JSON.stringify(value) ?? 'null')
}
