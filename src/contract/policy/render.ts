import { escapeMarkup } from '../markup.ts'
import type { Page, Section } from './page.ts'

/** CommonMark with tables. */
export function markdown({ title, sections }: Page): string {
  return `${[`# ${title}`, ...sections.map(markdownSection)].join('\n\n')}\n`
}

function markdownSection({ heading, paragraphs, table }: Section): string {
  const rows = table === undefined ? [] : [table.head, table.head.map(() => '---'), ...table.rows]
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
  return [`## ${heading}`, ...paragraphs, ...(lines.length === 0 ? [] : [lines.join('\n')])].join('\n\n')
}

const style = `body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #c4c4c4; padding: .4rem .6rem; text-align: left; vertical-align: top }
th { background: #f2f2f2 }
code { font-family: ui-monospace, monospace; background: #f2f2f2; padding: 0 .2em; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #ededed }
  th, code { background: #2a2a2a }
  th, td { border-color: #555 }
}`

/** One file that needs no other. */
export function html({ title, sections }: Page): string {
  const head = `<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>
${style}
</style>`
  const body = [`<h1>${escapeMarkup(title)}</h1>`, ...sections.map(htmlSection)].join('\n')
  return `<!doctype html>\n<html lang="en">\n<head>\n${head}\n</head>\n<body>\n<main>\n${body}\n</main>\n</body>\n</html>\n`
}

function htmlSection({ heading, paragraphs, table }: Section): string {
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${withCode(cell)}</${tag}>`).join('')}</tr>`
  const rows =
    table === undefined
      ? []
      : [
          '<table>',
          `<thead>${row(table.head, 'th')}</thead>`,
          '<tbody>',
          ...table.rows.map((cells) => row(cells, 'td')),
          '</tbody>',
          '</table>',
        ]
  return [
    `<h2>${escapeMarkup(heading)}</h2>`,
    ...paragraphs.map((text) => `<p>${withCode(text)}</p>`),
    ...rows,
  ].join('\n')
}

function withCode(text: string): string {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? `<code>${escapeMarkup(part)}</code>` : escapeMarkup(part)))
    .join('')
}
