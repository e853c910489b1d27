import { optionInvalid } from '../../kernel/errors.ts'
import type { PostMortem } from './shape.ts'

export interface Revision {
  readonly section: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly what: string
}

/** An earlier `--json` of a post-mortem. Throws `OPTION_INVALID`. */
export function readPostMortem(text: string, name: string): PostMortem {
  try {
    const given = JSON.parse(text) as PostMortem
    // Whatever is not there to be compared throws here.
    for (const list of Object.values(lists)) list(given)
    if (given.onceward === 'post-mortem/v1') return given
  } catch {
    // Then it is none.
  }
  throw optionInvalid('--diff', 'what postmortem --json printed', name)
}

type Named = readonly { readonly name: string; readonly content: string }[]

const lists: Readonly<Record<string, (pm: PostMortem) => Named>> = {
  impact: (pm) =>
    pm.impact.map(({ label, value, unit = '' }) => ({ name: label, content: `${value} ${unit}`.trim() })),
  timeline: (pm) =>
    pm.timeline.map(({ at, text, phase }) => ({ name: `${at.slice(0, 16)} ${text}`, content: phase })),
  causes: (pm) =>
    pm.causes.map(({ why, because, evidence = 'no evidence' }) => ({
      name: why,
      content: `${because} (${evidence})`,
    })),
  triggers: (pm) => pm.triggers.map(({ text }) => ({ name: text, content: '' })),
  controls: (pm) => pm.controls.map(({ name, outcome, why }) => ({ name, content: `${outcome}: ${why}` })),
  remediation: (pm) =>
    pm.remediation.map(({ action, owner, due, status }) => ({
      name: action,
      content: `${owner}, ${due}, ${status}`,
    })),
  lessons: (pm) => [...pm.wentWell, ...pm.wentBadly, ...pm.luck].map((name) => ({ name, content: '' })),
  openQuestions: (pm) => pm.openQuestions.map((name) => ({ name, content: '' })),
  pack: (pm) => pm.pack.map(({ path, sha256 }) => ({ name: path, content: sha256 })),
}

/** What has changed from one revision to the next, by what each thing is named. */
export function revisionsOf(before: PostMortem, after: PostMortem): readonly Revision[] {
  const texts = (['title', 'summary', 'severity', 'customerImpact'] as const).flatMap(
    (section): Revision[] =>
      before[section] === after[section]
        ? []
        : [
            {
              section,
              change: 'changed',
              what: `${before[section] ?? 'nothing'} → ${after[section] ?? 'nothing'}`,
            },
          ],
  )
  const parts = Object.entries(lists).flatMap(([section, list]) => {
    const [old, now] = [byName(list(before)), byName(list(after))]
    const gone = [...old.keys()].filter((name) => !now.has(name))
    const fresh = [...now].flatMap(([name, content]): Revision[] => {
      const known = old.get(name)
      if (known === undefined) return [{ section, change: 'added', what: name }]
      return known === content ? [] : [{ section, change: 'changed', what: `${name}: ${known} → ${content}` }]
    })
    return [...gone.map((name): Revision => ({ section, change: 'removed', what: name })), ...fresh]
  })
  return [...texts, ...parts]
}

function byName(named: Named): ReadonlyMap<string, string> {
  return new Map(named.map(({ name, content }) => [name, content]))
}
