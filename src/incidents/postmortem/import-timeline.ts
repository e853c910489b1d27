import { csvParse } from './csv-lines.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { parseInstant } from '../../reconcile/values/instant.ts'
import { type Phase, phases } from '../model.ts'
import {
  author,
  chatUser,
  pagerPeople,
  type Person,
  renamer,
  type Renamer,
  withoutDoers,
} from './import-persons.ts'
import type { TimelineEntry } from './shape.ts'

/*
 * Time lines of other tools. Texts are taken as they stand, but for people: who did something is not what a post-mortem asks.
 */

const maxEntries = 5000

export interface TimelineText {
  /** How errors call it. */
  readonly name: string
  readonly text: string
}

/** Reads a Slack export, a PagerDuty-like log or a CSV by what stands in it. Throws `OPTION_INVALID`. */
export function importTimeline(text: string, name: string): readonly TimelineEntry[] {
  return importTimelines([{ text, name }])
}

/** Several at once: the users of one file (users.json of a Slack export) are known in the others. Throws `OPTION_INVALID`. */
export function importTimelines(files: readonly TimelineText[]): readonly TimelineEntry[] {
  const read = files.map(({ text, name }) => readFile(text, name))
  const known = renamer(read.flatMap(({ people }) => people))
  return read.flatMap(({ lines }) => lines.map((line) => entry(line, known)))
}

interface Line {
  readonly ms: number
  readonly text: string
  readonly source: string
  readonly phase?: Phase | undefined
  readonly isImportant?: boolean
}

interface Read {
  readonly lines: readonly Line[]
  readonly people: readonly Person[]
}

function readFile(text: string, name: string): Read {
  const trimmed = text.trimStart()
  const found = /^[[{]/.test(trimmed)
    ? fromJson(jsonOf(trimmed, name), name)
    : fromCsv(cellsOf(text, name), name)
  const count = found.lines.length
  if (count > maxEntries)
    throw new OncewardError(
      'OPTION_INVALID',
      `${name} has ${count} entries; at most ${maxEntries} are taken.`,
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

function fromJson(given: unknown, name: string): Read {
  const whole = (Array.isArray(given) ? {} : given) as Members
  const list = listOf(given) ?? listOf(whole['log_entries']) ?? listOf(whole['messages'])
  const users = [...(listOf(whole['users']) ?? []), ...(listOf(whole['members']) ?? [])]
  const people = [...users, ...(list ?? []).filter(isUser)].flatMap(chatUser)
  const lines = (list ?? []).flatMap((one, index) => {
    const place = `${name}, entry ${index + 1}`
    return slackLine(one, place) ?? pagerLine(one, place) ?? []
  })
  if (lines.length + people.length === 0) throw unknown(name)
  const told = (list ?? []).flatMap((one) =>
    typeof one['ts'] === 'string' ? chatAuthor(one) : pagerPeople(one),
  )
  return { lines, people: [...people, ...told] }
}

function listOf(value: unknown): readonly Members[] | undefined {
  if (!Array.isArray(value)) return undefined
  return (value as readonly unknown[]).filter(
    (one): one is Members => typeof one === 'object' && one !== null,
  )
}

/** An entry of users.json. */
function isUser({ id, name, real_name: real, ts, created_at: at }: Members): boolean {
  const isNamed = typeof name === 'string' || typeof real === 'string'
  return typeof id === 'string' && isNamed && ts === undefined && at === undefined
}

/** A message may carry the profile of whoever wrote it. */
function chatAuthor({ user, user_profile: profile }: Members): readonly Person[] {
  if (typeof profile !== 'object' || profile === null) return []
  return chatUser({ ...(profile as Members), id: user })
}

/** A message of a channel's export: `ts` is seconds since 1970 with a serial number behind the point. */
function slackLine({ type, ts, text, subtype }: Members, place: string): readonly Line[] | undefined {
  if (typeof ts !== 'string' || typeof text !== 'string') return undefined
  const ms = Number(ts) * 1000
  if (type !== 'message' || subtype === 'channel_join' || text.trim() === '') return []
  if (Number.isNaN(new Date(ms).getTime()))
    throw optionInvalid(`${place}: ts`, 'seconds since 1970, with a serial number behind the point', ts)
  const said = text
    .replaceAll(/<@([^>|]+)(?:\|[^>]*)?>/g, '@$1')
    .replaceAll(/<!(?:subteam\^\w+\|)?@?([^>|]+)(?:\|[^>]*)?>/g, '$1')
    .replaceAll(/<(?:https?:[^|>]+\|)?([^>]+)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
  return [{ ms, text: said, source: 'chat' }]
}

const pager = 'pager'

const pagerPhases: readonly (readonly [RegExp, Phase])[] = [
  [/trigger/i, 'detect'],
  [/escalat|assign|notif|acknowledg/i, 'escalate'],
  [/resolve/i, 'resolve'],
]

function pagerLine(
  { created_at: at, type, summary, channel }: Members,
  place: string,
): readonly Line[] | undefined {
  if (typeof at !== 'string' || typeof summary !== 'string') return undefined
  const ms = zonedMs(at, `${place}: created_at`)
  const details = (channel as Members | undefined)?.['summary']
  const phase = pagerPhases.find(([pattern]) => pattern.test(String(type)))?.[1]
  const text = typeof details === 'string' ? `${summary}: ${details}` : summary
  return [{ ms, text, source: pager, phase }]
}

const authorColumns = ['author', 'who', 'by', 'user', 'person', 'name', 'responder', 'assignee']

/** With a header: `at` and `text`, perhaps `phase`, `source`, `importance`, `author` and `role`. */
function fromCsv([head = [], ...rows]: readonly (readonly string[])[], name: string): Read {
  const column = (...fields: readonly string[]): number =>
    head.findIndex((cell) => fields.includes(cell.trim().toLowerCase()))
  const at = column('at')
  const said = column('text')
  if (at < 0 || said < 0) throw unknown(name)
  const [phase, source, importance, role] = [
    column('phase'),
    column('source'),
    column('importance'),
    column('role'),
  ]
  const by = column(...authorColumns)
  const lines = rows.map((row, index): Line => {
    const cell = (where: number): string => row[where] ?? ''
    const place = `${name}, row ${index + 2}`
    const ms = zonedMs(cell(at), `${place}: at`)
    const given = phases.find((one) => one === cell(phase))
    if (given === undefined && cell(phase) !== '')
      throw optionInvalid(`${place}: phase`, `empty, or one of ${phases.join(', ')}`, cell(phase))
    return {
      ms,
      text: cell(said),
      source: cell(source) || 'notes',
      phase: given,
      isImportant: cell(importance) === 'high',
    }
  })
  return { lines, people: rows.flatMap((row) => author(row[by] ?? '', row[role] ?? '')) }
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

function entry({ ms, text, source, phase, isImportant = false }: Line, rename: Renamer): TimelineEntry {
  const renamed = rename(text)
  const said = (source === pager ? withoutDoers(renamed) : renamed).slice(0, 2000)
  const guessed = phase ?? guesses.find(([pattern]) => pattern.test(said))?.[1] ?? 'escalate'
  return {
    at: new Date(Math.round(ms)).toISOString(),
    phase: guessed,
    text: said,
    source: rename(source),
    importance: isImportant || guessed === 'detect' || guessed === 'resolve' ? 'high' : 'normal',
    evidence: [],
  }
}
