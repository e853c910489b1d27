/** A part of a document: of Markdown what stands under one heading, of plain text one paragraph. */
export interface Section {
  /** `H3`, where the heading begins with a number of its list. */
  readonly id?: string
  /** The heading, or how the paragraph begins. */
  readonly title: string
  /** With the heading. Emphasis is taken out, lines of one sentence are joined; rows of tables and lists stay. */
  readonly text: string
}

const heading = /^#{1,6}\s+(.+?)\s*#*$/
const ownLine = /^\s*(\||[-*+]\s|\d{1,3}[.)]\s|$)/
const maxSections = 100

export function sectionsOf(document: string): readonly Section[] {
  const lines = document.split(/\r?\n/).map((line) => line.replaceAll(/\*\*|__/g, ''))
  const parts = lines.some((line) => heading.test(line)) ? underHeadings(lines) : paragraphs(lines)
  return parts.flatMap(sectionOf).slice(0, maxSections)
}

function sectionOf(part: readonly string[]): readonly Section[] {
  const lines = part.slice(part.findIndex((line) => line.trim() !== ''))
  const [first = '', ...body] = lines
  const title = heading.exec(first)?.[1] ?? first.trim()
  // A heading with nothing under it says nothing.
  if (title === '' || (heading.test(first) && body.join('').trim() === '')) return []
  const id = /^([A-Z]{1,3}-?\d{1,4})\b/.exec(title)?.[1]
  const text = heading.test(first) ? `${title}\n${joined(body)}` : joined(lines)
  return [{ ...(id === undefined ? {} : { id }), title, text }]
}

function underHeadings(lines: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = [[]]
  for (const line of lines) {
    if (heading.test(line)) parts.push([])
    parts.at(-1)?.push(line)
  }
  return parts
}

function paragraphs(lines: readonly string[]): readonly (readonly string[])[] {
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .map((part) => part.split('\n'))
}

/** Lines that were broken for their width are one line again. */
function joined(lines: readonly string[]): string {
  const whole: string[] = []
  for (const line of lines) {
    const last = whole.at(-1)
    if (last === undefined || last === '' || ownLine.test(line) || last.startsWith('|'))
      whole.push(line.trim())
    else whole[whole.length - 1] = `${last} ${line.trim()}`
  }
  return whole.filter((line) => line !== '').join('\n')
}
