import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { postMortemHtml, writePostMortem } from '../../../src/incidents/index.ts'
import { histogramChart, rateChart } from '../../../src/incidents/postmortem/charts.ts'
import { root } from '../../support/repo.ts'
import { at, writeBundle } from '../support/bundle.ts'

const mib = 1_048_576

const sizesWith = async (bytes: readonly number[], known: object) => {
  const rows = bytes.map((size, row) => `${at(row)},m${row},${size}`)
  const bundle = writeBundle({
    sources: [{ id: 'messages', kind: 'deliveries', path: 'm.csv' }],
    files: { 'm.csv': `at,id,bytes\n${rows.join('\n')}\n` },
    known,
  })
  const { histograms } = await writePostMortem(bundle)
  const sizes = histograms.find(({ title }) => title === 'Sizes of messages')
  if (sizes === undefined) throw new Error('no sizes')
  return sizes
}

const gapsWith = async (known: object) => {
  const rows = [0, 1, 2].flatMap((ref) => [
    `${at(ref * 60)},r${ref},a${ref}`,
    `${at(ref * 60 + 5)},r${ref},b${ref}`,
  ])
  const bundle = writeBundle({
    sources: [{ id: 'charges', kind: 'effects', path: 'c.csv' }],
    files: { 'c.csv': `at,ref,effect\n${rows.join('\n')}\n` },
    known,
  })
  const pm = await writePostMortem(bundle)
  const gaps = pm.histograms.find(({ title }) => title.startsWith('Gaps'))
  if (gaps === undefined) throw new Error('no gaps')
  return { gaps, html: postMortemHtml(pm) }
}

describe('the chart of gaps', () => {
  it('shows each known time where it stands on the scale', async () => {
    const { gaps, html } = await gapsWith({
      clientTimeoutMs: 5000,
      retryDelaysMs: [100, 100_000_000],
      receiveLimitBytes: 4096,
    })
    expect(gaps.bars.find(({ upTo }) => upTo === '10 s')?.count).toBe(3)
    expect(gaps.limits.map(({ name, value }) => [name, value])).toEqual([
      ['retryDelaysMs', '100 ms'],
      ['clientTimeoutMs', '5 s'],
      ['retryDelaysMs', '1 d 4 h'],
    ])
    const [short, timeout, long] = gaps.limits
    expect(short).toMatchObject({ afterBar: 1, position: 2 })
    // Of the bar from 1 to 10 s, on a logarithmic scale: log10(5) = 0.70.
    expect(timeout?.afterBar).toBe(3)
    expect(timeout?.position).toBeCloseTo(3.699, 3)
    expect(long).toMatchObject({ afterBar: 8, position: 8.5 })
    expect(html).toContain('2: clientTimeoutMs 5 s')
    expect(html.match(/<line class="limit"/g)).toHaveLength(3)
  })

  it('has no lines where nothing is known', async () => {
    const { gaps, html } = await gapsWith({})
    expect(gaps.limits).toEqual([])
    expect(html).not.toContain('<line class="limit"')
  })
})

describe('the chart of sizes', () => {
  it('goes on to a limit above the largest size', async () => {
    const { bars, limits } = await sizesWith([mib, 2 * mib], { receiveLimitBytes: 16 * mib })
    expect(bars.map(({ upTo, count }) => [upTo, count])).toEqual([
      ['1 MiB', 1],
      ['2 MiB', 1],
      ['4 MiB', 0],
      ['8 MiB', 0],
      ['16 MiB', 0],
    ])
    expect(limits).toEqual([{ name: 'receiveLimitBytes', value: '16 MiB', afterBar: 4, position: 5 }])
  })

  it('goes on to a limit below the smallest size', async () => {
    const { bars, limits } = await sizesWith([8 * mib], { receiveLimitBytes: 4 * mib })
    expect(bars.map(({ upTo }) => upTo)).toEqual(['4 MiB', '8 MiB'])
    expect(limits).toMatchObject([{ afterBar: 0, position: 1 }])
  })

  it('says in words of a limit that lies too far away', async () => {
    const sizes = await sizesWith([2000], { receiveLimitBytes: 4096 * mib, frameBytes: 3000 })
    expect(sizes.bars).toHaveLength(7)
    expect(sizes.limits.map(({ name, position }) => [name, position === undefined])).toEqual([
      ['frameBytes', false],
      ['receiveLimitBytes', true],
    ])
    const drawn = histogramChart(sizes)
    expect(drawn).toContain('beyond the scale: receiveLimitBytes 4 GiB')
    expect(drawn.match(/<line class="limit"/g)).toHaveLength(1)
    expect(drawn).toMatch(/aria-label="[^"]*receiveLimitBytes 4 GiB/)
  })

  it('puts a limit inside the bar of its size', async () => {
    const { limits } = await sizesWith([1500, 3000], { frameBytes: 2897 })
    expect(limits[0]?.afterBar).toBe(1)
    expect(limits[0]?.position).toBeCloseTo(1.5, 2)
  })
})

describe('the chart of a rate', () => {
  const chart = {
    name: 'duplicates',
    from: '2026-01-01T23:00:00.000Z',
    bucketMs: 60_000,
    counts: [0, 4, 0, 2],
    changes: [],
    evidence: [],
  }

  it('has a bar for each count above nothing, as high as it is', () => {
    const heights = [...rateChart(chart).matchAll(/class="count"[^>]*height="([\d.]+)"/g)].map(([, height]) =>
      Number(height),
    )
    expect(heights).toEqual([138, 69])
  })

  it('numbers its changes, those at one place together', () => {
    const changes = [
      { at: '2026-01-01T23:01:00.000Z', name: 'a' },
      { at: '2026-01-01T23:01:01.000Z', name: 'b' },
      { at: '2026-01-01T23:03:00.000Z', name: 'c' },
    ]
    const drawn = rateChart({ ...chart, changes })
    expect(drawn).toContain('>1,2</text>')
    expect(drawn).toContain('>3</text>')
    expect(drawn).toContain('1: a, 23:01 UTC · 2: b, 23:01 UTC · 3: c, 23:03 UTC')
  })

  it('has dates where it is of more than a day', () => {
    expect(rateChart({ ...chart, bucketMs: 3_600_000 })).toContain('2026-01-02 03:00 UTC')
    expect(rateChart(chart)).toContain('>23:00</text>')
  })
})

it('the example shows its gaps beside what is known', async () => {
  const { histograms } = await writePostMortem(join(root, 'examples/triage-bundle'))
  expect(histograms[0]?.limits).toMatchObject([{ name: 'retryDelaysMs', value: '5 min' }])
})
