import { OncewardError } from '../../kernel/errors.ts'
import { bytesOf, decoderOf, headOf, textOf } from '../../reconcile/sources/bytes.ts'
import { guessEncoding, magicOf } from '../../reconcile/sources/magic.ts'
import type { Progress } from '../../reconcile/sources/source.ts'
import type { TimeSpan } from '../model.ts'
import { toUtc, zoneOf } from './clock.ts'
import { type LogLine, readLogLine } from './log-line.ts'
import { fieldsIn } from './pair-fields.ts'
import type { BundleRow } from './row.ts'

export interface TextLog {
  readonly rows: BundleRow[]
  readonly lines: number
  readonly rejected: number
  readonly minutes: Map<number, number>
  readonly notes: string[]
}

export interface TextLogReading {
  readonly id: string
  readonly zone?: string
  readonly option: string
  /** Where a line says no date, it is one of these days. */
  readonly window: TimeSpan
  /** Whether a row is kept, and for how many it stands; 0 leaves it out. */
  readonly weigh: (row: BundleRow) => number
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

const headBytes = 1 << 16
const maxLineLength = 16_384
const maxMessageLength = 8192
const dayMs = 86_400_000

interface State {
  readonly log: TextLog
  readonly reading: TextLogReading
  readonly offsetAt: ((ms: number) => number) | undefined
  line: number
  last: BundleRow | undefined
  unzoned: number
  zoned: number
  undated: number
}

/** Lines of text with a time at the beginning; those without belong to the one before. */
export async function readTextLog(paths: readonly string[], reading: TextLogReading): Promise<TextLog> {
  const log: TextLog = { rows: [], lines: 0, rejected: 0, minutes: new Map(), notes: [] }
  const offsetAt = reading.zone === undefined ? undefined : zoneOf(reading.zone, reading.option)
  const state: State = { log, reading, offsetAt, line: 0, last: undefined, unzoned: 0, zoned: 0, undated: 0 }
  for (const path of paths) await readFile(path, state)
  const notes = log.notes
  const assumed = reading.zone ?? 'UTC, which nobody said: give the source a zone'
  if (state.unzoned > 0)
    notes.push(
      state.zoned > 0
        ? `${state.unzoned} of its times carry no zone while ${state.zoned} do: those were read as ${assumed}`
        : `its times carry no zone and were read as ${assumed}`,
    )
  if (state.undated > 0)
    notes.push(`${state.undated} of its lines carry no full date: it was taken from the window`)
  return log
}

async function readFile(path: string, state: State): Promise<void> {
  const head = await headOf(path, headBytes)
  const magic = magicOf(head.bytes)
  if (magic.kind === 'foreign') throw new OncewardError('SOURCE_INVALID', `is ${magic.what}`)
  if (head.bytes.length === 0) throw new OncewardError('SOURCE_INVALID', 'is empty')
  const encoding = guessEncoding(head.bytes).encoding
  decoderOf(encoding)
  state.line = 0
  let rest = ''
  const { signal, onProgress } = state.reading
  for await (const text of textOf(bytesOf(path, head.compression, signal && { signal }), encoding)) {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(0, maxLineLength)
    for (const line of lines) take(line, state)
    onProgress?.({ rows: (state.log as { lines: number }).lines })
  }
  if (rest.trim() !== '') take(rest, state)
}

function take(raw: string, state: State): void {
  state.line++
  const line = raw.replace(/\r$/, '').slice(0, maxLineLength)
  if (line.trim() === '') return
  const log = state.log as {
    rows: BundleRow[]
    lines: number
    rejected: number
    minutes: Map<number, number>
  }
  const read = readLogLine(line)
  if (read === undefined) {
    continued(line, state)
    return
  }
  log.lines++
  const at = placed(read, state)
  const minute = Math.floor(at / 60_000)
  log.minutes.set(minute, (log.minutes.get(minute) ?? 0) + 1)
  const row = rowOf(read, at, state)
  const weight = state.reading.weigh(row)
  state.last = weight > 0 ? { ...row, weight } : undefined
  if (state.last !== undefined) log.rows.push(state.last)
}

/** A stack trace, or a line that nobody can place. */
function continued(line: string, state: State): void {
  const log = state.log as { rows: BundleRow[]; rejected: number; lines: number }
  const { last } = state
  if (log.lines === 0 || !/^(\s|at |\.\.\. |Caused by|[A-Z]\w+(Error|Exception))/.test(line)) {
    log.rejected++
    return
  }
  if (last === undefined || (last.message ?? '').length > maxMessageLength) return
  const joined = { ...last, message: `${last.message ?? ''}\n${line}`.slice(0, maxMessageLength) }
  log.rows[log.rows.length - 1] = joined
  state.last = joined
}

function placed(read: LogLine, state: State): number {
  const { window } = state.reading
  let { ms } = read
  if (read.hasZone) state.zoned++
  else state.unzoned++
  if (read.isTimeOnly || read.hasNoYear) state.undated++
  const utc = (wall: number): number =>
    state.offsetAt === undefined || read.hasZone ? wall : toUtc(wall, state.offsetAt)
  if (read.isTimeOnly) {
    const day = Math.floor(window.fromMs / dayMs) * dayMs
    const days = [day - dayMs, day, ...Array.from({ length: 8 }, (_, at) => day + (at + 1) * dayMs)]
    const earliest = state.last?.at ?? window.fromMs - dayMs / 4
    return days.map((one) => utc(one + ms)).find((one) => one >= earliest - 3_600_000) ?? utc(day + ms)
  }
  if (read.hasNoYear) {
    const year = new Date(window.fromMs).getUTCFullYear()
    const date = new Date(ms)
    date.setUTCFullYear(year)
    ms = date.getTime()
  }
  return utc(ms)
}

function rowOf(read: LogLine, at: number, state: State): BundleRow {
  const message = read.rest.slice(0, maxMessageLength)
  const row: Record<string, unknown> = { source: state.reading.id, line: state.line, weight: 1, at, message }
  if (read.level !== undefined) row['level'] = read.level
  Object.assign(row, fieldsIn(message))
  return row as unknown as BundleRow
}
