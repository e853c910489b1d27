import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundles } from '../../../examples/incidents/generate.ts'
import { readManifest } from '../../../src/incidents/bundle/manifest.ts'
import { blamelessRemarks } from '../../../src/incidents/postmortem/lint.ts'
import { postMortemHtml } from '../../../src/incidents/postmortem/html.ts'
import { postMortemMarkdown } from '../../../src/incidents/postmortem/markdown.ts'
import { writePostMortem } from '../../../src/incidents/postmortem/write.ts'
import { compose } from '../../../src/incidents/report/compose.ts'
import { renderHtml } from '../../../src/incidents/report/html.ts'
import { lintReport } from '../../../src/incidents/report/lint.ts'
import { renderMarkdown } from '../../../src/incidents/report/markdown.ts'
import { renderTerminal } from '../../../src/incidents/report/terminal.ts'
import { folder } from './read.ts'
import { triaged } from './triaged.ts'

describe.each(Object.keys(bundles))('%s', (bundle) => {
  it('has a citation for every figure, in three renderings that name what leads', async () => {
    const found = await triaged(bundle)
    const report = compose(found)
    expect(lintReport(report)).toEqual([])
    const lead = found.hypotheses[0]
    for (const render of [
      renderHtml,
      renderMarkdown,
      (one: typeof report) => renderTerminal(one, { colours: false }),
    ])
      expect(render(report)).toContain(lead?.id)
  })

  it('fits a terminal of 80 columns', async () => {
    const text = renderTerminal(compose(await triaged(bundle)), { colours: false })
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('has a post-mortem that blames nobody, with the causes of triage and each time line note', async () => {
    const written = await writePostMortem(join(folder, bundle), { fromTriage: true })
    expect(written.lint).toEqual([])
    const found = await triaged(bundle)
    expect(written.ranked[0]?.id).toBe(found.hypotheses[0]?.id)
    const [html, markdown] = [postMortemHtml(written), postMortemMarkdown(written).replaceAll('\\', '')]
    const manifest = readManifest(readFileSync(join(folder, bundle, 'incident.yaml'), 'utf8'))
    expect(blamelessRemarks(manifest)).toEqual([])
    // Of the double charges the report leaves open when they were noticed.
    expect(manifest.timeline.length > 0).toBe(bundle !== 'double-charges')
    expect(manifest.impact.length).toBeGreaterThan(0)
    for (const { label } of manifest.impact) {
      expect(html).toContain(label)
      expect(markdown).toContain(label)
    }
    // What people say of a control is what the texts say, where these speak of it.
    const others = written.controls.filter(
      ({ outcome, derived = { outcome } }) => ![outcome, 'not judged'].includes(derived.outcome),
    )
    expect(others).toEqual([])
  })

  it('has owners by their roles, and evidence of its whys among its sources', () => {
    const manifest = readManifest(readFileSync(join(folder, bundle, 'incident.yaml'), 'utf8'))
    const sources = manifest.sources.map(({ id }) => id)
    for (const { owner = '' } of manifest.remediation)
      expect(owner).toMatch(/\b(engineers?|team|lead|commander|owner|support)\b/)
    expect(manifest.whys.flatMap(({ evidence }) => evidence).filter((id) => !sources.includes(id))).toEqual(
      [],
    )
  })
})
