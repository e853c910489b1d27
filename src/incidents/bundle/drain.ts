/*
 * Log templates after Drain (He, Zhu, Zheng & Lyu 2017): lines are grouped by their number of words and their first
 * words, then joined to the group that is most alike. What varies becomes a hole; what stood in it is kept.
 */

export interface Template {
  readonly id: number
  /** Words; `<*>` is a hole. */
  words: string[]
  count: number
}

export interface Templates {
  /** The template of a message, and what stands in its masked holes. */
  add(this: void, message: string): { readonly template: number; readonly parameters: readonly string[] }
  read(this: void): readonly { readonly text: string; readonly count: number }[]
}

const hole = '<*>'
const depth = 2
const likeness = 0.5
const maxTemplates = 2000
const maxWords = 60
const maxParameters = 20

/** Ids, addresses, numbers with or without units, quoted words: what differs from line to line by its nature. */
const variable =
  /^(?:[+-]?\d[\d.,:]*[a-z%]{0,3}|0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27,}|(?=[^\d]*\d)[0-9a-f]{8,}|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\d{4}-\d\d-\d\d\S*|(?=\S*\d)[a-z]{1,12}[-_#:/][\w:./-]+|<[^>]*>)$/i

export function templates(): Templates {
  const groups = new Map<string, Template[]>()
  const all: Template[] = []
  const add = (message: string): { template: number; parameters: readonly string[] } => {
    const parameters: string[] = []
    const words = message
      .split(/\s+/)
      .filter((word) => word !== '')
      .slice(0, maxWords)
      .map((word) => masked(word, parameters))
    const key = `${words.length} ${words.slice(0, depth).join(' ')}`
    const group = groups.get(key) ?? []
    if (group.length === 0) groups.set(key, group)
    let best = bestOf(group, words)
    if (best === undefined && all.length >= maxTemplates) best = group[0] ?? all[0]
    if (best === undefined) {
      best = { id: all.length, words, count: 0 }
      all.push(best)
      group.push(best)
    } else if (best.words.length === words.length) {
      best.words = best.words.map((word, at) => (word === words[at] ? word : hole))
    }
    best.count++
    return { template: best.id, parameters }
  }
  return { add, read: () => all.map(({ words, count }) => ({ text: words.join(' '), count })) }
}

/** `order=1001,` becomes `order=<*>,`; the punctuation around stays. */
function masked(word: string, parameters: string[]): string {
  const [, before = '', inner = '', after = ''] = /^([("'[{]*)(.*?)([)"'\]},;:.]*)$/s.exec(word) ?? []
  const [, name = '', value = inner] = /^([\w.-]+=)["']?(.*?)["']?$/s.exec(inner) ?? []
  if (value === '' || !variable.test(value)) return word
  if (parameters.length < maxParameters) parameters.push(value)
  return `${before}${name}${hole}${after}`
}

function bestOf(group: readonly Template[], words: readonly string[]): Template | undefined {
  let best: { template: Template; alike: number } | undefined
  for (const template of group) {
    const same = template.words.filter((word, at) => word === words[at] || word === hole).length
    const alike = words.length === 0 ? 1 : same / words.length
    if (alike >= likeness && (best === undefined || alike > best.alike)) best = { template, alike }
  }
  return best?.template
}
