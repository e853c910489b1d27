import type { Case, CaseSource, Cell, Row } from './case.ts'
import { columnsOf } from './spelling.ts'
import { hashOf, type Random } from './random.ts'
import { logTimes, tableTimes, type TimeStyle } from './time-style.ts'

export interface WrittenRows {
  readonly lines: readonly string[]
  /** Lines that are no rows: the head of CSV. */
  readonly headLines: number
  readonly map: Readonly<Record<string, string>>
  readonly zone?: string
}

/** The rows of a source in its format, columns called as the seed will have it. */
export function writeRows(source: CaseSource, of: Case, random: Random): WrittenRows {
  const isText = source.format === 'text'
  const times = isText || source.kind === 'log' ? logTimes(random, isText) : tableTimes(random)
  const zone = times.zone === undefined ? {} : { zone: times.zone }
  if (isText) return { lines: source.rows.map((row) => textLine(row, times)), headLines: 0, map: {}, ...zone }
  const extras = extraColumns(source, random)
  const fields = [...new Set(source.rows.flatMap((row) => Object.keys(row)))].filter((field) =>
    source.rows.some((row) => row[field] !== undefined),
  )
  const { columns, map } = columnsOf(random.chance(0.5) ? fields : random.shuffle(fields), of.domain, random)
  const cells = source.rows.map((row) => [
    ...[...columns.keys()].map(
      (field): Cell => (field === 'at' ? times.write(row.at) : (row[field] ?? null)),
    ),
    ...extras.map(({ cell }) => cell(row)),
  ])
  const names = [...columns.values(), ...extras.map(({ name }) => name)]
  const isCsv = source.format === 'csv'
  const lines = isCsv
    ? [names, ...cells].map((row) => row.map(csvCell).join(','))
    : cells.map((row) => jsonLine(names, row))
  return { lines, headLines: isCsv ? 1 : 0, map, ...zone }
}

/** Objects stand as JSON; what is not there is empty. */
function textOf(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return ''
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
}

function csvCell(cell: Cell | undefined): string {
  const text = textOf(cell)
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Objects stand as text, as exports of a table's JSON column have them. */
function jsonLine(names: readonly string[], cells: readonly Cell[]): string {
  const members = names.flatMap((name, at) => {
    const cell = cells[at] ?? null
    if (cell === null) return []
    return [[name, typeof cell === 'object' ? JSON.stringify(cell) : cell] as const]
  })
  return JSON.stringify(Object.fromEntries(members))
}

function textLine({ at, level, message, ...rest }: Row, times: TimeStyle): string {
  const pairs = Object.entries(rest).flatMap(([name, cell]) =>
    cell === null || cell === undefined ? [] : [`${name}=${pairText(textOf(cell))}`],
  )
  const said = [level, message].map(textOf).filter((text) => text !== '')
  return [String(times.write(at)), ...said, ...pairs].join(' ').replaceAll('\n', '\\n')
}

function pairText(text: string): string {
  return /[\s,;]/.test(text) ? `"${text.replaceAll('"', "'")}"` : text
}

interface ExtraColumn {
  readonly name: string
  readonly cell: (row: Row) => Cell
}

const regions = ['eu-1', 'eu-2', 'us-1']

/** Columns that real exports have beside those anybody asks for. They are the same in all rows of one reference. */
function extraColumns({ kind }: CaseSource, random: Random): readonly ExtraColumn[] {
  if (!['effects', 'requests', 'deliveries', 'ledger'].includes(kind)) return []
  const salt = random.int(1, 1_000_000)
  const of = (row: Row): number => Math.abs(hashOf(salt, textOf(row.ref ?? row.at)))
  const all: readonly ExtraColumn[] = [
    { name: 'region', cell: (row) => regions[of(row) % regions.length] ?? '' },
    { name: 'tenant', cell: (row) => `t${of(row) % 40}` },
    { name: 'api', cell: () => 'v2' },
    { name: 'locale', cell: (row) => ['de', 'en', 'sv'][of(row) % 3] ?? '' },
  ]
  return random.some(all, random.int(0, 2))
}
