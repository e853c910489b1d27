import { percent } from '../words.ts'
import type { Block, Cited, Report } from './document.ts'
import { visible } from './visible.ts'

/** GitHub-flavoured Markdown; what stands in logs is text there, never markup. */
export function renderMarkdown({ blocks }: Report): string {
  return `${blocks.map(renderBlock).join('\n\n')}\n`
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${textOf(block.text)}`
    case 'text':
      return block.sentences.map(textOf).join(' ')
    case 'list':
      return block.items.map((item) => `- ${textOf(item)}`).join('\n')
    case 'bars':
      return table(
        ['cause', 'probability', '', 'label'],
        block.bars.map(({ id, title, probability, label, cites: ids }) => [
          `**${id}** ${textOf({ text: title, cites: ids })}`,
          percent(probability),
          '█'.repeat(Math.round(probability * 20)),
          label,
        ]),
      )
    case 'command':
      return `${code(block.text.text)}${cites(block.text)}`
    case 'table':
      return table(
        block.head,
        block.rows.map((row) => row.map(textOf)),
      )
    case 'evidence':
      return block.items
        .map(
          ({ id, source, statement, query }) =>
            `- **${id}** ${escaped(source)}: ${escaped(statement)} ${code(query)}`,
        )
        .join('\n')
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function textOf(sentence: Cited): string {
  return `${escaped(sentence.text)}${cites(sentence)}`
}

function cites({ cites: ids }: Cited): string {
  return ids.length === 0 ? '' : ` \\[${ids.join(' ')}\\]`
}

/** A web address would become a link by itself, so that its colon is written as an entity. */
function escaped(text: string): string {
  return visible(text)
    .replaceAll(/[\\`*_{}[\]<>|#!~$@]/g, (character) => `\\${character}`)
    .replaceAll('&', '&amp;')
    .replaceAll('://', '&#58;//')
    .replaceAll('www.', 'www&#46;')
}

/** In a fence longer than any run of backticks inside. */
function code(text: string): string {
  const shown = visible(text)
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longest + 1)
  const pad = longest > 0 ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}
