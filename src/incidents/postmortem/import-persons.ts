import { possibleNames } from './names.ts'
import { rolePattern } from './people.ts'

/*
 * Who is known to an imported time line, so that their names can leave its texts: users of a chat's export, agents and assignees of a
 * pager, authors of a CSV. Where their role is given it stands in their place.
 */

export interface Person {
  /** As mentions have it: `U024BE7LH`. */
  readonly id?: string
  /** In full, as they stand in the file. */
  readonly names: readonly string[]
  /** A name to log in with: `jmiller`. */
  readonly handle?: string
  readonly role?: string
}

type Members = Readonly<Record<string, unknown>>

const unnamed = 'a responder'

/** A user of a chat's export, with what its profile tells. None where it is a program. */
export function chatUser(given: Members): readonly Person[] {
  if (given['is_bot'] === true || given['is_app_user'] === true) return []
  const profile = membersOf(given['profile'])
  const all = { ...profile, ...given }
  const names = texts(all['real_name'], profile['real_name'], all['display_name'], all['first_name'])
  const [id] = texts(given['id'])
  const [handle] = texts(given['name'])
  const [role] = texts(given['role'], profile['title'], given['title'])
  if (id === undefined && names.length === 0 && handle === undefined) return []
  return [person({ id, names, handle, role })]
}

/** Permissions of a pager, which say nothing of what somebody does. */
const permissions =
  /^(?:admin|user|limited_user|observer|owner|read_only_user|restricted_access|.*_reference)$/

/** Whoever stands in an entry of a pager as agent, assignee or user, at any depth. */
export function pagerPeople(entry: Members): readonly Person[] {
  const found: Person[] = []
  const visit = (value: unknown, key: string, depth: number): void => {
    if (depth > 8) return
    if (Array.isArray(value)) for (const one of value as readonly unknown[]) visit(one, key, depth + 1)
    if (typeof value === 'string' && personKeys.test(key) && !/^[A-Z0-9]{7,}$/.test(value))
      found.push(person({ names: [value] }))
    const given = membersOf(value)
    const [type = ''] = texts(given['type'])
    if (type.startsWith('user') || (type === '' && personKeys.test(key))) {
      const [role] = texts(given['job_title'], given['role']).filter((one) => !permissions.test(one))
      const [handle] = texts(given['handle'], given['username'])
      const names = texts(given['summary'], given['name'], given['full_name'])
      if (names.length > 0) found.push(person({ names, handle, role }))
    }
    for (const [name, one] of Object.entries(given)) visit(one, name, depth + 1)
  }
  visit(entry, '', 0)
  return found
}

const personKeys =
  /^(?:agent|assignees?|assigned_to|assigned_to_users?|users?|acknowledgers?|acknowledged_by|responders?|resolved_by|requester)$/

/** The cell of a CSV's author. A role is none: it may stay. */
export function author(name: string, role: string): readonly Person[] {
  const trimmed = name.trim()
  if (trimmed === '' || rolePattern.test(trimmed)) return []
  return [person({ names: [trimmed], role: role.trim() })]
}

interface Given {
  readonly id?: string | undefined
  readonly names: readonly string[]
  readonly handle?: string | undefined
  readonly role?: string | undefined
}

function person({ id, names, handle, role }: Given): Person {
  return {
    names,
    ...(id === undefined ? {} : { id }),
    ...(handle === undefined ? {} : { handle }),
    ...(role === undefined || role === '' ? {} : { role }),
  }
}

/** Takes names out of a text. */
export type Renamer = (text: string) => string

/** Takes the names of these people out of texts; addresses and handles of anybody too. */
export function renamer(people: readonly Person[]): Renamer {
  const roles = new Map<string, string>()
  const put = (name: string, said: string): void => {
    const known = roles.get(name)
    // A first name that two of them have is nobody's role.
    roles.set(name, known === undefined || known === said ? said : unnamed)
  }
  for (const { id, names, handle, role } of people) {
    const said = role === undefined ? unnamed : `the ${plain(role)}`
    for (const name of [...(id === undefined ? [] : [id]), ...names, ...handlesOf(names, handle)])
      put(name, said)
    for (const part of names.flatMap(partsOf)) put(part, said)
  }
  const known = [...roles.keys()].toSorted((a, b) => b.length - a.length).map(literal)
  const pattern =
    known.length === 0
      ? /(?!)/g
      : new RegExp(String.raw`(?<![\p{L}\p{N}_])@?(?:${known.join('|')})(?![\p{L}\p{N}_])`, 'gu')
  return (text) =>
    begun(
      text
        .replaceAll(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, unnamed)
        .replaceAll(pattern, (name) => roles.get(name.replace(/^@/, '')) ?? unnamed)
        .replaceAll(/(?<!\w)@[A-Za-z][\w.-]*\w/g, unnamed),
      text,
    )
}

/** In "Acknowledged by Jane Miller" the name is nobody's that the file knows, and is one all the same. */
export function withoutDoers(text: string): string {
  const nothing = { names: new Set<string>(), common: new Set<string>() }
  return possibleNames(text, nothing)
    .filter(({ at }) => /\b(?:by|to)\s$/.test(text.slice(0, at)))
    .reduceRight(
      (said, { text: name, at }) => `${said.slice(0, at)}${unnamed}${said.slice(at + name.length)}`,
      text,
    )
}

/** Given name and surname, as one is called in a chat. Words in small letters are no names of their own. */
function partsOf(name: string): readonly string[] {
  const parts = name.split(/[\s.]+/).filter((part) => /^\p{Lu}[\p{L}'’-]{2,}$/u.test(part))
  return name.includes(' ') ? parts : []
}

/** A handle in prose is one only where it is no word: "will" and "mark" are. */
function handlesOf(names: readonly string[], handle: string | undefined): readonly string[] {
  if (handle === undefined) return []
  const capital = handle.charAt(0).toUpperCase() + handle.slice(1)
  const isPart = names.some((name) => name.toLowerCase().split(/\s+/).includes(handle.toLowerCase()))
  return isPart || handle.length < 4 ? [capital] : [handle, capital]
}

/** `Incident Commander` as it stands inside a sentence; `SRE` as it is. */
function plain(role: string): string {
  const words = role.replace(/^the /i, '').split(' ')
  return words.map((word) => (/^\p{Lu}\p{Ll}+$/u.test(word) ? word.toLowerCase() : word)).join(' ')
}

/** A sentence that began with a capital still does. */
function begun(text: string, before: string): string {
  return /^\p{Lu}|^@/u.test(before) && text !== before ? text.charAt(0).toUpperCase() + text.slice(1) : text
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
}

function texts(...values: readonly unknown[]): readonly string[] {
  return values.filter((value): value is string => typeof value === 'string' && value.trim() !== '')
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
}
