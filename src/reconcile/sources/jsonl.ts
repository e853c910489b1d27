import type { Cell, Rejected } from './source.ts'

/** Where a cell of an object lies: `data.object.id` is ['data', 'object', 'id']. */
export type Path = readonly string[]

type JsonObject = Readonly<Record<string, unknown>>

export interface JsonRecord {
  readonly line: number
  readonly value: JsonObject
}

interface JsonReading {
  readonly chunks: AsyncIterable<string>
  readonly onReject: (rejected: Rejected) => void
}

const maxColumns = 500

/** The objects of one file, as they come with each chunk. A line that is no JSON object is told to `onReject` and left out. */
export async function* jsonRecords(reading: JsonReading): AsyncGenerator<JsonRecord[], void, undefined> {
  let number = 0
  const parse = (lines: readonly string[]): JsonRecord[] =>
    lines.flatMap((line) => {
      number++
      const parsed = parseLine(number === 1 ? line.replace(/^\ufeff/, '') : line)
      if (parsed.kind === 'object') return { line: number, value: parsed.value }
      if (parsed.kind === 'broken') reading.onReject({ line: number, why: parsed.why })
      return []
    })
  let rest = ''
  for await (const chunk of reading.chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield parse(lines)
  }
  const last = rest === '' ? [] : parse([rest])
  if (last.length > 0) yield last
}

type Parsed =
  | { readonly kind: 'object'; readonly value: JsonObject }
  | { readonly kind: 'broken'; readonly why: string }
  | { readonly kind: 'empty' }

/** JSON.parse makes 10 of 10.0, and another number of a long id. Lines that hold such are read with their source. */
const losesDigits = /\d{16}|\.\d*0(?!\d)|\d[eE]/

export function parseLine(line: string): Parsed {
  if (line.trim() === '') return { kind: 'empty' }
  try {
    const value: unknown = losesDigits.test(line) ? JSON.parse(line, keepNumbers) : JSON.parse(line)
    return isObject(value) ? { kind: 'object', value } : { kind: 'broken', why: 'not a JSON object' }
  } catch {
    return { kind: 'broken', why: 'not valid JSON' }
  }
}

/** Numbers as the text they are. */
function keepNumbers(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? new NumberText(context.source) : value
}

class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toJSON(): unknown {
    return Number(this.text)
  }
}

function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  )
}

/** The leaves of some objects, in the order in which they first come. */
export function pathsOf(records: readonly JsonRecord[]): Path[] {
  const found = new Map<string, Path>()
  const add = (value: unknown, path: Path): void => {
    if (isObject(value) && Object.keys(value).length > 0 && path.length < 8) {
      for (const [name, member] of Object.entries(value)) add(member, [...path, name])
    } else if (path.length > 0 && found.size < maxColumns) found.set(JSON.stringify(path), path)
  }
  for (const record of records) add(record.value, [])
  return [...found.values()]
}

export function cellAt(value: JsonObject, path: Path): Cell {
  let at: unknown = value
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return null
    at = at[name]
  }
  if (at === undefined || at === null || at === '') return null
  if (at instanceof NumberText) return at.text
  return typeof at === 'string' ? at : JSON.stringify(at)
}
