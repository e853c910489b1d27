import { csvParse } from './csv-lines.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { parseInstant } from '../../reconcile/values/instant.ts'
import { type Phase, phases } from '../model.ts'
import type { TimelineEntry } from './shape.ts'

/*
 * Time lines of other tools. Texts are taken as they stand, but for mentions of people: who did something is not what a
 * post-mortem asks.
 */

const maxEntries = 5000

/** Reads a Slack export, a PagerDuty-like log or a CSV by what stands in it. Throws `OPTION_INVALID`. */
export function importTimeline(text: string, name: string): readonly TimelineEntry[] {
  const trimmed = text.trimStart()
  const found = /^[[{]/.test(trimmed)
    ? fromJson(jsonOf(trimmed, name), name)
    : fromCsv(cellsOf(text, name), name)
  if (found.length > maxEntries)
    throw new OncewardError(
      'OPTION_INVALID',
      `${name} has ${found.length} entries; at most ${maxEntries} are taken.`,
    )
  return found
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new OncewardError('OPTION_INVALID', `${name} is no JSON: ${(error as Error).message}.`)
  }
}

function cellsOf(text: string, name: string): readonly (readonly string[])[] {
  try {
    return csvParse(text)
  } catch (error) {
    throw new OncewardError('OPTION_INVALID', `${name} is no CSV: ${(error as Error).message}.`)
  }
}

type Members = Readonly<Record<string, unknown>>

function fromJson(given: unknown, name: string): readonly TimelineEntry[] {
  const list = Array.isArray(given)
    ? given
    : ((given as Members)['log_entries'] ?? (given as Members)['messages'])
  if (!Array.isArray(list)) throw unknown(name)
  const entries = (list as readonly unknown[]).flatMap((one, index) => {
    if (typeof one !== 'object' || one === null) return []
    const place = `${name}, entry ${index + 1}`
    return slackEntry(one as Members, place) ?? pagerEntry(one as Members, place) ?? []
  })
  if (entries.length === 0) throw unknown(name)
  return entries
}

/** A message of a channel's export: `ts` is seconds since 1970 with a serial number behind the point. */
function slackEntry(
  { type, ts, text, subtype }: Members,
  place: string,
): readonly TimelineEntry[] | undefined {
  if (typeof ts !== 'string' || typeof text !== 'string') return undefined
  const ms = Number(ts) * 1000
  if (type !== 'message' || subtype === 'channel_join' || text.trim() === '') return []
  if (Number.isNaN(new Date(ms).getTime()))
    throw optionInvalid(`${place}: ts`, 'seconds since 1970, with a serial number behind the point', ts)
  const said = text
    .replaceAll(/<@[^>]+>/g, 'somebody')
    .replaceAll(/<(?:https?:[^|>]+\|)?([^>]+)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
  return [entry(ms, { text: said, source: 'chat' })]
}

const pagerPhases: readonly (readonly [RegExp, Phase])[] = [
  [/trigger/i, 'detect'],
  [/escalat|assign|notif|acknowledg/i, 'escalate'],
  [/resolve/i, 'resolve'],
]

function pagerEntry(
  { created_at: at, type, summary, channel }: Members,
  place: string,
): readonly TimelineEntry[] | undefined {
  if (typeof at !== 'string' || typeof summary !== 'string') return undefined
  const ms = zonedMs(at, `${place}: created_at`)
  const details = (channel as Members | undefined)?.['summary']
  const phase = pagerPhases.find(([pattern]) => pattern.test(String(type)))?.[1]
  const text = typeof details === 'string' ? `${summary}: ${details}` : summary
  return [entry(ms, { text, source: 'pager', phase })]
}

/** With a header: `at` and `text`, perhaps `phase`, `source`, `importance`. */
function fromCsv(
  [head = [], ...rows]: readonly (readonly string[])[],
  name: string,
): readonly TimelineEntry[] {
  const column = (field: string): number => head.findIndex((cell) => cell.trim().toLowerCase() === field)
  const [at, said, phase, source, importance] = ['at', 'text', 'phase', 'source', 'importance'].map(column)
  if (at === undefined || said === undefined || at < 0 || said < 0) throw unknown(name)
  return rows.map((row, index) => {
    const cell = (where: number | undefined): string => row[where ?? -1] ?? ''
    const place = `${name}, row ${index + 2}`
    const ms = zonedMs(cell(at), `${place}: at`)
    const given = phases.find((one) => one === cell(phase))
    if (given === undefined && cell(phase) !== '')
      throw optionInvalid(`${place}: phase`, `empty, or one of ${phases.join(', ')}`, cell(phase))
    const read = entry(ms, { text: cell(said), source: cell(source) || 'notes', phase: given })
    return cell(importance) === 'high' ? { ...read, importance: 'high' } : read
  })
}

function zonedMs(text: string, place: string): number {
  const instant = parseInstant(text, 'iso')
  if (instant?.hasZone !== true) throw optionInvalid(place, 'a time with its zone', text)
  return instant.ms
}

function unknown(name: string): OncewardError {
  return new OncewardError(
    'OPTION_INVALID',
    `${name} must be a Slack export (messages with ts and text), a list of log_entries with created_at and summary, or a CSV with the columns at and text.`,
  )
}

const guesses: readonly (readonly [RegExp, Phase])[] = [
  [/\b(resolved|all clear|back to normal|recovered|fixed|closed)\b/i, 'resolve'],
  [/\b(rolled? back|rollback|revert|disabled|paused|restart|mitigat|stopped|scaled|turned off)/i, 'mitigate'],
  [/\b(alert|alarm|noticed|reported|seeing|complain|spike|customers?)\b/i, 'detect'],
]

interface Said {
  readonly text: string
  readonly source: string
  readonly phase?: Phase | undefined
}

function entry(ms: number, { text, source, phase }: Said): TimelineEntry {
  const guessed = phase ?? guesses.find(([pattern]) => pattern.test(text))?.[1] ?? 'escalate'
  return {
    at: new Date(Math.round(ms)).toISOString(),
    phase: guessed,
    text: text.replaceAll(/@[A-Za-z][\w.-]+/g, 'somebody').slice(0, 2000),
    source,
    importance: guessed === 'detect' || guessed === 'resolve' ? 'high' : 'normal',
    evidence: [],
  }
}
