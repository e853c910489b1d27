import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { CsvError, type Info } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { describe, messageOf, OncewardError, optionInvalid } from '../kernel/errors.ts'
import { parseTimestamp } from '../kernel/time.ts'

/** One order of the input, checked. */
export interface Order {
  readonly id: string
  readonly customer: string
  readonly email: string
  /** Minor units: cents, öre. */
  readonly amount: number
  readonly currency: string
  readonly sku: string
  readonly quantity: number
  readonly placedAt: string
}

const maxFileBytes = 32 * 1024 * 1024
const maxOrders = 50_000
const maxRecordBytes = 64 * 1024
/** How many bad rows one message names. */
const maxFlaws = 5

interface Column {
  readonly name: string
  readonly expected: string
  readonly isValid: (text: string) => boolean
}

const columns: readonly Column[] = [
  {
    name: 'order_id',
    expected: '1 to 64 printable ASCII characters without spaces',
    isValid: (text) => /^[\x21-\x7e]{1,64}$/.test(text),
  },
  {
    name: 'customer',
    expected: 'a name of 1 to 200 characters',
    isValid: (text) => /^[^\p{Cc}]{1,200}$/u.test(text),
  },
  { name: 'email', expected: 'an e-mail address', isValid: isEmail },
  {
    name: 'amount',
    expected: 'a whole number of minor units from 1 to 999999999999',
    isValid: (text) => /^[1-9]\d{0,11}$/.test(text),
  },
  {
    name: 'currency',
    expected: 'three capital letters, such as EUR',
    isValid: (text) => /^[A-Z]{3}$/.test(text),
  },
  { name: 'sku', expected: '1 to 64 characters', isValid: (text) => /^[^\p{Cc}]{1,64}$/u.test(text) },
  {
    name: 'quantity',
    expected: 'a whole number from 1 to 9999',
    isValid: (text) => /^[1-9]\d{0,3}$/.test(text),
  },
  { name: 'placed_at', expected: 'an RFC 3339 time, such as 2026-03-01T09:30:00Z', isValid: isTimestamp },
]

/**
 * Reads the orders of a CSV file, all checked before any is used. Throws `OPTION_INVALID`, naming the file, the line,
 * the column, the value and what was expected.
 */
export function readOrders(path: string): readonly Order[] {
  return parseOrders(readText(path), basename(path))
}

export function parseOrders(text: string, name: string): readonly Order[] {
  const [header, ...rows] = parseRecords(text, name)
  if (header === undefined) throw invalid(name, 'is empty; expected a header line and at least one order')
  const places = placesOf(header.fields, name)
  if (rows.length === 0) throw invalid(name, 'has a header line and no order')
  if (rows.length > maxOrders)
    throw invalid(name, `has ${rows.length} orders; the demo takes at most ${maxOrders}`)
  const linesById = new Map<string, number>()
  const flaws: string[] = []
  const orders = rows.map((row) => readRow(row, { width: header.fields.length, places, linesById, flaws }))
  if (flaws.length > 0) {
    const more = flaws.length > maxFlaws ? ` (and ${flaws.length - maxFlaws} more)` : ''
    throw invalid(name, `${flaws.slice(0, maxFlaws).join(`; ${name} `)}${more}. Nothing was started`)
  }
  return orders
}

interface Row {
  readonly line: number
  readonly fields: readonly string[]
}

interface RowContext {
  readonly width: number
  readonly places: ReadonlyMap<string, number>
  readonly linesById: Map<string, number>
  readonly flaws: string[]
}

function readText(path: string): string {
  let bytes: Buffer
  try {
    const { size } = statSync(path)
    if (size > maxFileBytes)
      throw optionInvalid('--orders', `a file of at most ${maxFileBytes} bytes`, `${path}, ${size} bytes`)
    bytes = readFileSync(path)
  } catch (error) {
    if (error instanceof OncewardError) throw error
    throw new OncewardError(
      'OPTION_INVALID',
      `--orders must be a CSV file that can be read, got ${describe(path)}: ${messageOf(error)}.`,
    )
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid(basename(path), 'is not UTF-8 text')
  }
}

function parseRecords(text: string, name: string): readonly Row[] {
  try {
    const records = parse(text, {
      bom: true,
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: maxRecordBytes,
    }) as unknown as readonly { readonly record: readonly string[]; readonly info: Info }[]
    return records.map(({ record, info }) => ({ line: info.lines, fields: record }))
  } catch (error) {
    if (error instanceof CsvError) throw invalid(name, `is not CSV: ${error.message}`)
    throw error
  }
}

function placesOf(header: readonly string[], name: string): ReadonlyMap<string, number> {
  const missing = columns.filter((column) => !header.includes(column.name)).map((column) => column.name)
  if (missing.length > 0) {
    const found = header.map((field) => describe(field)).join(', ')
    throw invalid(
      name,
      `line 1 lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}; found ${found}`,
    )
  }
  const doubled = columns.find((column) => header.indexOf(column.name) !== header.lastIndexOf(column.name))
  if (doubled !== undefined) throw invalid(name, `line 1 names the column ${doubled.name} twice`)
  return new Map(columns.map((column) => [column.name, header.indexOf(column.name)]))
}

function readRow(row: Row, context: RowContext): Order {
  const { width, places, linesById, flaws } = context
  const field = (name: string): string => row.fields[places.get(name) ?? -1] ?? ''
  if (row.fields.length !== width) {
    flaws.push(`line ${row.line}: expected ${width} columns, got ${row.fields.length}`)
  } else {
    for (const { name, expected, isValid } of columns) {
      if (!isValid(field(name)))
        flaws.push(`line ${row.line}: ${name} must be ${expected}, got ${describe(field(name))}`)
    }
  }
  const id = field('order_id')
  const earlier = linesById.get(id)
  if (earlier !== undefined)
    flaws.push(`line ${row.line}: order_id ${describe(id)} is already on line ${earlier}`)
  else linesById.set(id, row.line)
  return {
    id,
    customer: field('customer'),
    email: field('email'),
    amount: Number(field('amount')),
    currency: field('currency'),
    sku: field('sku'),
    quantity: Number(field('quantity')),
    placedAt: field('placed_at'),
  }
}

function isEmail(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[^\s@<>()",;:\\[\]\p{Cc}]+@[^\s@<>()",;:\\[\]\p{Cc}]+\.[^\s@<>()",;:\\[\]\p{Cc}]+$/u.test(text)
  )
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isTimestamp(text: string): boolean {
  if (parseTimestamp(text) === undefined) return false
  const [year, month, day] = text.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day)).getUTCDate() === day
}

function invalid(name: string, what: string): OncewardError {
  return new OncewardError('OPTION_INVALID', `${name} ${what}.`)
}
