import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documents, isPresent, readText } from '../support/repo.ts'

it('there are documents', (context) => {
  if (documents().length === 0) context.skip('no document is written yet')
})

describe.each(documents())('the links of %s', (document) => {
  it('lead to files and headings that are there', () => {
    const broken = links(readText(document)).filter((link) => !leadsSomewhere(document, link))
    expect(broken).toEqual([])
  })
})

/** The targets of inline links and images; addresses elsewhere are not ours to check. */
function links(text: string): string[] {
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  const targets = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map((match) => match[1] ?? '')
  return targets.filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? document : join(dirname(document), decodeURIComponent(path))
  if (target.startsWith('..') || !isPresent(target)) return false
  if (anchor === undefined || !target.endsWith('.md')) return true
  return anchors(readText(target)).has(anchor)
}

/** As GitHub makes them: lower case, without punctuation, spaces to hyphens. */
function anchors(text: string): Set<string> {
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
  const headings = [...prose.matchAll(/^#+ +(.+?) *$/gm)].map((match) => match[1] ?? '')
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-'),
    ),
  )
}
