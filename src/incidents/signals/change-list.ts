import type { BundleRow } from '../bundle/row.ts'
import type { ChangeFact } from '../model.ts'
import { type Found, type Material, searchQuery, textOf } from './material.ts'

export interface Change extends Omit<ChangeFact, 'evidence'> {
  readonly source: string
  /** What was said of it, its name aside. */
  readonly message: string
}

/** What a change is about: what was said of it, and its name where that says next to nothing (`turned on`). */
export function aboutOf({ message, text }: Pick<Change, 'message' | 'text'>): string {
  return message.split(/\s+/).length >= 4 ? message : text
}

/** The changes that the bundle lists, in the order of their times. What has no time is no change that could be placed. */
export function changesOf(m: Pick<Material, 'rows'>): readonly Change[] {
  return m
    .rows('changes')
    .flatMap((row) => (row.at === undefined ? [] : [changeOf(row, row.at)]))
    .toSorted((a, b) => a.atMs - b.atMs || (a.name < b.name ? -1 : 1))
}

function changeOf(row: BundleRow, atMs: number): Change {
  const text = textOf(row)
  const name = row.name ?? row.rest?.['id'] ?? row.version ?? (row.message ?? text).slice(0, 80)
  return { name, atMs, kind: kindOf(row, text), text, message: row.message ?? '', source: row.source }
}

function kindOf({ kind }: BundleRow, text: string): Change['kind'] {
  for (const words of [kind ?? '', text]) {
    if (/deploy|release|rollout|rolled out|\bship(ped)?\b/i.test(words)) return 'deploy'
    if (/flag|toggle|experiment/i.test(words)) return 'flag'
    if (
      /config|setting|tuning|infra|secret|certificate|migration|sysctl|ansible|terraform|parameter|scal/i.test(
        words,
      )
    )
      return 'config'
  }
  return 'other'
}

/** Changes of keys, by their text. */
export const keyChange: RegExp =
  /idempoten\w*|\bkeys?\b.*(format|generat|timestamp|uuid|hash|scheme|v\d)|key[_-]?(format|gen|scheme)|dedup\w*[ _-]?key/i

export function changeFound(m: Material, change: Change, statement: string): Found {
  const source = m.sources.find(({ id }) => id === change.source)
  if (source === undefined) return { source: change.source, statement, query: '' }
  return {
    source: source.id,
    statement,
    query: searchQuery(source, new RegExp(escaped(change.name.replace(/^version /, '')), 'i')),
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
