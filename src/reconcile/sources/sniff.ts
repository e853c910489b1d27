/** How a file of text is to be read. */
export type Layout =
  | { readonly format: 'jsonl' }
  | { readonly format: 'csv'; readonly delimiter: string; readonly quote: string | null }
  | { readonly format: 'none'; readonly what: string }

const delimiters = [',', ';', '\t', '|'] as const
const delimiterNames: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
}
const maxRecords = 100

export function delimiterName(delimiter: string): string {
  return delimiterNames[delimiter] ?? JSON.stringify(delimiter)
}

/** What the beginning of a text looks like: objects a line, columns, or something that is neither. */
export function layoutOf(text: string, given: { delimiter?: string; quote?: string } = {}): Layout {
  const start = text.trimStart()
  if (start.startsWith('{')) return { format: 'jsonl' }
  if (/^\[\s*[{\]]/.test(start))
    return { format: 'none', what: "a JSON array: write one object a line first, as jq -c '.[]' does" }
  if (/^<(\?xml|!doctype|html)/i.test(start)) return { format: 'none', what: 'XML or HTML' }
  const quote = given.quote === undefined ? guessQuote(start) : given.quote === 'none' ? null : given.quote
  return { format: 'csv', delimiter: given.delimiter ?? guessDelimiter(start, quote), quote }
}

/** A single quote only where it stands around whole cells and a double one nowhere does. */
function guessQuote(text: string): string {
  const isAround = (quote: string): boolean =>
    new RegExp(`(^|[,;\\t|\\n])${quote}[^${quote}\\n]*${quote}([,;\\t|\\r\\n]|$)`).test(text)
  return !isAround('"') && isAround("'") ? "'" : '"'
}

/** The one that stands as often in each record as in the first; the more often, the likelier. */
function guessDelimiter(text: string, quote: string | null): string {
  const records = recordsOf(text, quote)
  let best = { delimiter: ',', score: 0 }
  for (const delimiter of delimiters) {
    const counts = records.map((record) => record.split(delimiter).length - 1)
    const [first = 0] = counts
    if (first === 0) continue
    const same = counts.filter((count) => count === first).length
    const score = (same / counts.length) * 1000 + Math.min(first, 99)
    if (score > best.score) best = { delimiter, score }
  }
  return best.delimiter
}

/** The first records, with what stands in quotes taken out. The last one may be cut and is left out. */
function recordsOf(text: string, quote: string | null): string[] {
  const bare =
    quote === null ? text : text.replaceAll(new RegExp(`${quote}[^${quote}]*(${quote}|$)`, 'g'), '')
  const lines = bare.split(/\r\n|\n|\r/).filter((line) => line !== '')
  return (lines.length > 1 ? lines.slice(0, -1) : lines).slice(0, maxRecords)
}
