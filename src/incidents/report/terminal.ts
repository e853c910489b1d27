import { styleText } from 'node:util'
import { percent } from '../words.ts'
import type { Bar, Block, Cited, Report } from './document.ts'
import { visible } from './visible.ts'

const columns = 80
const mostCites = 4
const mostQueryLines = 3

export interface TerminalOptions {
  readonly colours: boolean
}

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

/**
 * Text of at most 80 columns, for somebody who is called at night: what is only for looking up is left out, evidence is
 * what was cited, and long queries are cut. The other renderings have all of it.
 */
export function renderTerminal({ blocks }: Report, { colours }: TerminalOptions): string {
  const paint: Paint = (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text)
  const brief = withoutReference(blocks)
  const shownCites = new Set(brief.flatMap(citesIn).flatMap((cites) => cites.slice(0, mostCites)))
  const shown = brief.map((block) =>
    block.kind === 'evidence'
      ? { ...block, items: block.items.filter(({ id }) => shownCites.has(id)) }
      : block,
  )
  const closing = `All evidence with whole queries, and all signals that were looked for: --md FILE or --html FILE.`
  return `${shown.map((block) => renderBlock(block, paint)).join('\n')}\n\n${wrapped(closing, '', '').join('\n')}\n`
}

function withoutReference(blocks: readonly Block[]): readonly Block[] {
  let leftLevel = Infinity
  return blocks.filter((block) => {
    if (block.kind === 'heading' && block.level <= leftLevel)
      leftLevel = block.isReference === true ? block.level : Infinity
    return leftLevel === Infinity
  })
}

function citesIn(block: Block): readonly (readonly string[])[] {
  switch (block.kind) {
    case 'text':
      return block.sentences.map(({ cites }) => cites)
    case 'list':
      return block.items.map(({ cites }) => cites)
    case 'table':
      return block.rows.flat().map(({ cites }) => cites)
    case 'heading':
    case 'bars':
    case 'command':
    case 'evidence':
      return []
  }
}

function renderBlock(block: Block, paint: Paint): string {
  switch (block.kind) {
    case 'heading':
      return headingText(block.level, textOf(block.text, false), paint)
    case 'text':
      return wrapped(block.sentences.map((sentence) => textOf(sentence)).join(' '), '', '').join('\n')
    case 'list':
      return block.items.flatMap((item) => wrapped(textOf(item), '  ', '- ')).join('\n')
    case 'bars':
      return block.bars.flatMap((bar) => barText(bar, paint)).join('\n')
    case 'command':
      return wrapped(visible(block.text.text), '    ', '    ')
        .map((line) => paint('cyan', line))
        .join('\n')
    case 'table':
      return block.rows.flatMap(rowText).join('\n')
    case 'evidence':
      return block.items
        .flatMap(({ id, source, statement, query }) => [
          ...wrapped(`${paint('bold', id)} ${visible(source)}: ${visible(statement)}`, '   ', ''),
          ...firstLines(wrapped(visible(query), '   ', '   ')).map((line) => paint('dim', line)),
        ])
        .join('\n')
  }
}

function firstLines(lines: readonly string[]): readonly string[] {
  return lines.length <= mostQueryLines ? lines : [...lines.slice(0, mostQueryLines - 1), '   …']
}

function headingText(level: 1 | 2 | 3, text: string, paint: Paint): string {
  const lines = wrapped(text, '', '')
  if (level === 3) return ['', ...lines.map((line) => paint('bold', line))].join('\n')
  const rule = (level === 1 ? '═' : '─').repeat(Math.min(columns, Math.max(...lines.map(widthOf))))
  return ['', ...lines.map((line) => paint(['bold', 'underline'], line)), rule]
    .slice(level === 1 ? 1 : 0)
    .join('\n')
}

const barCells = 24

function barText({ id, title, probability, label }: Bar, paint: Paint): readonly string[] {
  const full = Math.round(probability * barCells)
  const colour = probability >= 0.6 ? 'red' : probability >= 0.3 ? 'yellow' : 'dim'
  const bar = `${paint(colour, '█'.repeat(full))}${'░'.repeat(barCells - full)}`
  return [
    `${id.padEnd(4)} ${bar} ${percent(probability).padStart(9)}  ${label}`,
    ...wrapped(visible(title), '     ', '     '),
  ]
}

/** A row as a paragraph: columns of words do not fit into 80 characters. */
function rowText(cells: readonly Cited[]): readonly string[] {
  const [first, ...rest] = cells
  const name = first === undefined ? '' : textOf(first)
  return wrapped(`${name}: ${rest.map((cell) => textOf(cell)).join('; ')}`, '  ', '- ')
}

function textOf({ text, cites }: Cited, withCites = true): string {
  if (cites.length === 0 || !withCites) return visible(text)
  const more = cites.length > mostCites ? ` +${cites.length - mostCites}` : ''
  return `${visible(text)} [${cites.slice(0, mostCites).join(' ')}${more}]`
}

/** Lines of at most 80 columns; a word longer than a line is cut. */
function wrapped(text: string, indent: string, first: string): readonly string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ').flatMap((each) => pieces(each, columns - indent.length - 2))) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line = isEmpty ? `${line}${word}` : `${line} ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

function pieces(word: string, width: number): readonly string[] {
  if (widthOf(word) <= width) return [word]
  const cut: string[] = ['']
  for (const character of word) {
    const last = cut.at(-1) ?? ''
    if (widthOf(last) + widthOf(character) > width) cut.push(character)
    else cut[cut.length - 1] = last + character
  }
  return cut
}

/** In columns: letters of East Asia and pictures take two, colours and marks that join none. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text.replaceAll(/\u001b\[[0-9;]*m/g, '')) width += columnsOf(character)
  return width
}

function columnsOf(character: string): number {
  if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) return 0
  const code = character.codePointAt(0) ?? 0
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  return isWide ? 2 : 1
}
