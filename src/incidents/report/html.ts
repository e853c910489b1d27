import { percent } from '../words.ts'
import type { Bar, Block, Cited, Report } from './document.ts'
import { escaped } from './escaped.ts'
import { htmlPage } from './page.ts'

export function renderHtml({ title, blocks }: Report): string {
  return htmlPage(title, blocks.map(renderBlock))
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${textOf(block.text)}</h${block.level}>`
    case 'text':
      return `<p>${block.sentences.map(textOf).join(' ')}</p>`
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${textOf(item)}</li>`).join('')}</ul>`
    case 'bars':
      return `<table class="bars"><thead><tr><th scope="col">cause</th><th scope="col">probability that it took part</th></tr></thead><tbody>${block.bars.map(barRow).join('')}</tbody></table>`
    case 'command':
      return `<pre><code>${escaped(block.text.text)}</code></pre>`
    case 'table':
      return `<div class="wide"><table><thead><tr>${block.head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')}</tr></thead><tbody>${block.rows.map(row).join('')}</tbody></table></div>`
    case 'evidence':
      return `<dl>${block.items.map(evidence).join('')}</dl>`
  }
}

function barRow({ id, title, probability, label, cites }: Bar): string {
  const width = (probability * 100).toFixed(1)
  const text = `${percent(probability)}, ${label}`
  return `<tr><th scope="row">${escaped(id)} ${textOf({ text: title, cites })}</th><td><span class="bar" aria-hidden="true"><i style="width:${width}%"></i></span> ${escaped(text)}</td></tr>`
}

function row(cells: readonly Cited[]): string {
  return `<tr>${cells.map((cell) => `<td>${textOf(cell)}</td>`).join('')}</tr>`
}

function evidence({
  id,
  source,
  statement,
  query,
}: {
  id: string
  source: string
  statement: string
  query: string
}): string {
  return `<dt id="${escaped(id)}">${escaped(id)} <small>${escaped(source)}</small></dt><dd>${escaped(statement)}<br><code>${escaped(query)}</code></dd>`
}

function textOf({ text, cites }: Cited): string {
  const links = cites.map((id) => `<a href="#${encodeURIComponent(id)}">${escaped(id)}</a>`).join(' ')
  return links === '' ? escaped(text) : `${escaped(text)} <small class="cites">[${links}]</small>`
}
