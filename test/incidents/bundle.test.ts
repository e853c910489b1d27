import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readBundle } from '../../src/incidents/bundle/bundle.ts'
import { clockOf, toUtc, zoneOf } from '../../src/incidents/bundle/clock.ts'
import { constantsOf } from '../../src/incidents/bundle/constants.ts'
import { templates } from '../../src/incidents/bundle/drain.ts'
import { readLogLine } from '../../src/incidents/bundle/log-line.ts'
import { initBundle } from '../../src/incidents/init.ts'
import { examineBundle } from '../../src/incidents/examine.ts'
import { sectionsOf } from '../../src/incidents/bundle/sections.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { at, csv, jsonl, t0, type TestBundle, writeBundle } from './support/bundle.ts'

const rows = [
  { order_ref: 'o-1', charge_id: 'c-1', at: at(1) },
  { order_ref: 'o-1', charge_id: 'c-2', at: at(3) },
]
const effects = { id: 'charges', kind: 'effects', path: 'charges.csv' }

function bundle(changed: Partial<TestBundle> = {}): string {
  return writeBundle({ sources: [effects], files: { 'charges.csv': csv(rows) }, ...changed })
}

describe('a manifest that is wrong is refused, and says where', () => {
  const wrong: readonly (readonly [string, Partial<TestBundle>, RegExp])[] = [
    ['another version', { onceward: 'incident/v9' }, /onceward must be incident\/v1, got "incident\/v9"/],
    [
      'an unknown kind',
      { sources: [{ ...effects, kind: 'effect' }] },
      /sources\[0\]\.kind .*did you mean effects/,
    ],
    [
      'a column that does not exist',
      { sources: [{ ...effects, map: { ref: 'order_reff' } }] },
      /sources\[0\]\.map\.ref .*charges\.csv.*Did you mean "order_ref"/,
    ],
    [
      'a field of the map that does not exist',
      { sources: [{ ...effects, map: { reff: 'order_ref' } }] },
      /no field "reff"\. Did you mean "ref"/,
    ],
    [
      'a file that is not there',
      { sources: [{ ...effects, path: 'charge.csv' }] },
      /no file "charge\.csv"\. Did you mean "charges\.csv"/,
    ],
    ['a document that is not there', { documents: ['notes.md'] }, /documents\[0\].*no file "notes\.md"/],
    [
      'a path that leaves the folder',
      { sources: [{ ...effects, path: '../secret.csv' }] },
      /sources\[0\]\.path must be a path inside the bundle/,
    ],
    [
      'an absolute path',
      { sources: [{ ...effects, path: '/etc/passwd' }] },
      /must be a path inside the bundle/,
    ],
    [
      'a window that ends before it begins',
      { window: { from: at(10), to: at(1) } },
      /window\.to must be a time after window\.from/,
    ],
    [
      'a time without a zone',
      { window: { from: '2026-06-03T02:00:00', to: at(1) } },
      /window\.from must be a time with its zone/,
    ],
    ['two sources of one id', { sources: [effects, effects] }, /an id of its own/],
    ['a constant that is none', { known: { leaseMs: 'long' } }, /known\.leaseMs must be a number/],
    [
      'a zone that does not exist',
      { sources: [{ ...effects, zone: 'Mars/Olympus' }] },
      /sources\[0\]\.zone must be a time zone/,
    ],
    ['a field that does not exist', { windows: 1 }, /no field "windows"\. Did you mean "window"/],
  ]
  it.each(wrong)('%s', async (_, changed, message) => {
    await expect(readBundle(bundle(changed))).rejects.toThrow(message)
  })

  it('no incident.yaml', async () => {
    await expect(readBundle(temporaryDirectory())).rejects.toThrow(/--init .* writes one/)
  })

  it('text that is no YAML, and aliases that grow without end', async () => {
    const directory = bundle()
    writeFileSync(join(directory, 'incident.yaml'), 'onceward: [')
    await expect(readBundle(directory)).rejects.toThrow(/no YAML: .*line 1/s)
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'
        .split('')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index] ?? ''},`.repeat(9)}]`),
    ].join('\n')
    writeFileSync(join(directory, 'incident.yaml'), bomb)
    await expect(readBundle(directory)).rejects.toThrow(/aliases/)
  })

  it('a link that leads out of the folder', async () => {
    const outside = join(temporaryDirectory(), 'secret.csv')
    writeFileSync(outside, csv(rows))
    const directory = bundle({ sources: [{ ...effects, path: 'link.csv' }] })
    symlinkSync(outside, join(directory, 'link.csv'))
    await expect(readBundle(directory)).rejects.toThrow(/inside the bundle/)
  })
})

describe('what cannot be read is evidence of nothing', () => {
  it('empty and foreign files are said, and the rest is read', async () => {
    const found = await readBundle(
      bundle({
        sources: [
          effects,
          { id: 'none', kind: 'requests', path: 'none.csv' },
          { id: 'pdf', kind: 'log', path: 'a.log' },
        ],
        files: { 'charges.csv': csv(rows), 'none.csv': '', 'a.log': '%PDF-1.7 and so on' },
      }),
    )
    expect(found.sources.map(({ totals }) => totals.rows)).toEqual([2, 0, 0])
    expect(found.notes.join('\n')).toMatch(/none: nothing could be read of it: .*empty/)
    expect(found.notes.join('\n')).toMatch(/pdf: nothing could be read of it: is a PDF/)
    const { signals } = await examineBundle(found.directory)
    expect(signals.find(({ id }) => id === 'requests.repeated')?.value).toBe('unknown')
  })

  it('a hundredth of broken lines is counted', async () => {
    const lines = Array.from({ length: 200 }, (_, index) =>
      index % 100 === 50
        ? '{"at": broken'
        : JSON.stringify({ at: at(index), message: `order o-${index} done` }),
    )
    const found = await readBundle(
      bundle({
        sources: [{ id: 'app', kind: 'log', path: 'app.jsonl' }],
        files: { 'app.jsonl': `${lines.join('\n')}\n` },
      }),
    )
    expect(found.sources[0]?.rejectedRows).toBe(2)
    expect(found.notes.join('\n')).toContain('app: 2 of 200 lines could not be read and were left out.')
  })

  it('a file that unpacks to one endless line is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(70 << 20, 97), { level: 1 })
    const found = await readBundle(
      bundle({ sources: [{ id: 'bomb', kind: 'log', path: 'b.log.gz' }], files: { 'b.log.gz': bomb } }),
    )
    expect(found.notes.join('\n')).toMatch(/bomb: nothing could be read of it: .*unpacks to more/)
  })

  it('HTML in a line stays the text that it is', async () => {
    const line = '2026-06-03T02:14:52Z ERROR <script>alert(1)</script> duplicate key for <b>o-1</b>\n'
    const found = await readBundle(
      bundle({ sources: [{ id: 'app', kind: 'log', path: 'app.log' }], files: { 'app.log': line } }),
    )
    expect(found.sources[0]?.rows[0]?.message).toBe('<script>alert(1)</script> duplicate key for <b>o-1</b>')
  })

  it('sources whose rows lie outside of the window, or of what they say they cover, are said', async () => {
    const found = await readBundle(
      bundle({
        sources: [{ ...effects, covers: { from: at(2), to: at(9) } }],
        files: { 'charges.csv': csv([...rows, { order_ref: 'x', charge_id: 'y', at: at(-90_000) }]) },
      }),
    )
    expect(found.notes.join('\n')).toMatch(/charges: it is said to cover/)
    const outside = await readBundle(bundle({ window: { from: at(90_000), to: at(99_000) } }))
    expect(outside.notes.join('\n')).toMatch(/none of its rows lies in the window/)
  })
})

describe('times and clocks', () => {
  it('a missing zone is said, and a given one is used', async () => {
    const bare = [{ order_ref: 'a', charge_id: 'b', at: '2026-06-03 04:00:00' }]
    const assumed = await readBundle(bundle({ files: { 'charges.csv': csv(bare) } }))
    expect(assumed.notes.join('\n')).toContain(
      'charges: its times carry no zone and were read as UTC, which nobody said',
    )
    const zoned = await readBundle(
      bundle({ sources: [{ ...effects, zone: 'Europe/Berlin' }], files: { 'charges.csv': csv(bare) } }),
    )
    expect(zoned.sources[0]?.rows[0]?.at).toBe(t0)
    expect(zoned.notes.join('\n')).toContain('read as Europe/Berlin')
  })

  it('mixed zones are counted', () => {
    const clock = clockOf(['2026-06-03T02:00:00Z', '2026-06-03T02:00:00'], undefined, 'zone')
    expect(clock.read('2026-06-03T04:00:00+02:00')).toBe(t0)
    expect(clock.read('2026-06-03T02:00:00')).toBe(t0)
    expect(clock.notes()).toEqual([
      '1 of its times carry no zone while 1 do: those were read as UTC, which nobody said: give the source a zone',
    ])
  })

  it('an hour that a clock repeats, and one that it leaves out', () => {
    const berlin = zoneOf('Europe/Berlin', 'zone')
    expect(new Date(toUtc(Date.UTC(2026, 9, 25, 2, 30), berlin)).toISOString()).toBe(
      '2026-10-25T00:30:00.000Z',
    )
    expect(new Date(toUtc(Date.UTC(2026, 9, 25, 3, 30), berlin)).toISOString()).toBe(
      '2026-10-25T02:30:00.000Z',
    )
    expect(new Date(toUtc(Date.UTC(2026, 5, 3, 12), berlin)).toISOString()).toBe('2026-06-03T10:00:00.000Z')
  })

  it('a clock that is behind, and one in another zone, are estimated', async () => {
    const both = (awaySeconds: number): Promise<string> => {
      const requests = Array.from({ length: 20 }, (_, index) => ({
        order_ref: `o-${index}`,
        at: at(index * 60),
        status: 200,
      }))
      const done = Array.from({ length: 20 }, (_, index) => ({
        order_ref: `o-${index}`,
        charge_id: `c-${index}`,
        at: at(index * 60 + 0.2 + awaySeconds),
      }))
      return readBundle(
        bundle({
          sources: [effects, { id: 'asked', kind: 'requests', path: 'asked.csv' }],
          files: { 'charges.csv': csv(done), 'asked.csv': csv(requests) },
        }),
      ).then(({ notes }) => notes.join('\n'))
    }
    expect(await both(-4)).toContain(
      'The clock of charges is behind that of asked by at least 3.8 s, estimated over 20 references',
    )
    expect(await both(-7200)).toContain('looks like a time zone')
    expect(await both(0)).not.toMatch(/clock|time zone/)
  })

  it.each([
    ['2026-06-03T02:14:52.5+02:00 [warn] slow', 'WARN', 'slow'],
    ['[2026-06-03 02:14:52,123] ERROR - boom', 'ERROR', 'boom'],
    ['Jun  3 02:14:52 host app[1]: failed', undefined, 'host app[1]: failed'],
    ['1780452892 INFO up', 'INFO', 'up'],
  ])('%s', (line, level, rest) => {
    expect(readLogLine(line)).toMatchObject({ rest, ...(level === undefined ? {} : { level }) })
  })
})

it('templates keep what stands in their holes', () => {
  const found = templates()
  for (let index = 0; index < 50; index++)
    found.add(`charge order-${1000 + index} for user 42 took ${index * 3}ms`)
  const { parameters } = found.add('charge order-7 for user 42 took 3ms')
  found.add('connection reset by peer')
  expect(parameters).toEqual(['order-7', '42', '3ms'])
  expect(found.read()).toEqual([
    { text: 'charge <*> for user <*> took <*>', count: 51 },
    { text: 'connection reset by peer', count: 1 },
  ])
})

it('an id in a line of text joins it to the reference that it names', async () => {
  const log = '2026-06-03T02:00:00Z INFO duplicate ignored for o-1\n2026-06-03T02:00:01Z INFO done o-9\n'
  const { signals } = await examineBundle(
    bundle({
      sources: [effects, { id: 'app', kind: 'log', path: 'app.log' }],
      files: { 'charges.csv': csv(rows), 'app.log': log },
    }),
  )
  expect(signals.find(({ id }) => id === 'dup.present')).toMatchObject({
    value: true,
    numbers: { groups: 1, refs: 1, extraRows: 1 },
  })
})

it('constants in configuration are read with their units', () => {
  const found = constantsOf(
    'REQUEST_TIMEOUT_MS=2000\nretry_delay: 2s\nVISIBILITY_TIMEOUT_SECONDS=1800\nidempotency_ttl: 24h\nmax_attempts: 3\ngrpc.max_receive_message_size=4194304\n',
  )
  expect(Object.fromEntries(found.map(({ name, value }) => [name, value]))).toEqual({
    clientTimeoutMs: 2000,
    retryDelaysMs: 2000,
    leaseMs: 1_800_000,
    dedupeTtlMs: 86_400_000,
    attemptLimits: 3,
    receiveLimitBytes: 4_194_304,
  })
})

it('--init writes a bundle from what lies there, that is read as it stands', async () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'src'))
  writeFileSync(join(directory, 'charges.csv'), csv(rows))
  writeFileSync(join(directory, 'app.log'), '2026-06-03 04:00:00 ERROR boom\u2028# x\n')
  writeFileSync(
    join(directory, 'webhooks.jsonl'),
    jsonl([{ at: at(5), event_id: 'e-1', status: 200, order_ref: 'o-1' }]),
  )
  writeFileSync(join(directory, 'src', 'a.ts'), 'const timeoutMs = 5000\n')
  writeFileSync(join(directory, 'photo.bin'), Buffer.from([0, 1, 2, 3]))
  writeFileSync(join(directory, 'incident-notes.md'), '# Notes\n\nThe pool was full.\n')
  const { text, left } = await initBundle(directory)
  expect(left).toEqual(['photo.bin'])
  expect(text).toContain('ref: "order_ref"')
  expect(text).toContain('# zone: Europe/Berlin')
  expect(readFileSync(join(directory, 'incident.yaml'), 'utf8')).toBe(text)
  const found = await readBundle(directory)
  expect(found.documents.map(({ path }) => path)).toEqual(['incident-notes.md'])
  expect(found.sources.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
    'app log',
    'charges effects',
    'src code',
    'webhooks deliveries',
  ])
  await expect(initBundle(directory)).rejects.toThrow(/is there already/)
})

describe('documents', () => {
  const ledger = `# Hypotheses

## H1 Retry (MOST LIKELY)

The client retries after
two seconds.

## Empty

## Ranks

| 1 | H2 |
| 2 | H1 |
`

  it('are claims, each under its heading, with lines joined that were broken for their width', async () => {
    const { bundle: facts, evidence } = await examineBundle(
      bundle({ documents: ['ledger.md'], files: { 'charges.csv': csv(rows), 'ledger.md': ledger } }),
    )
    expect(facts.claims.map(({ place, text }) => [place, text])).toEqual([
      ['ledger.md: H1', 'H1 Retry (MOST LIKELY)\nThe client retries after two seconds.'],
      ['ledger.md: Ranks', 'Ranks\n| 1 | H2 |\n| 2 | H1 |'],
    ])
    expect(evidence.filter(({ source }) => source === 'ledger.md')).toHaveLength(2)
  })

  it('without headings are read by paragraphs', () => {
    expect(sectionsOf('First\nof all.\n\n\n- one\n- two\n').map(({ text }) => text)).toEqual([
      'First of all.',
      '- one\n- two',
    ])
  })
})

it('a source that a search found says so, and what for', async () => {
  const { notes } = await readBundle(bundle({ sources: [{ ...effects, search: 'o-1' }] }))
  expect(notes.join()).toContain('charges: it holds what a search for “o-1” found')
})

it('changes before the window are as they should be', async () => {
  const changes = { id: 'deploys', kind: 'changes', path: 'deploys.csv' }
  const files = (time: string): Pick<TestBundle, 'sources' | 'files'> => ({
    sources: [effects, changes],
    files: { 'charges.csv': csv(rows), 'deploys.csv': csv([{ at: time, name: 'v2', kind: 'deploy' }]) },
  })
  const before = await readBundle(bundle(files(at(-86_400))))
  expect(before.notes.join()).not.toContain('none of its rows lies in the window')
  const after = await readBundle(bundle(files(at(30 * 86_400))))
  expect(after.notes.join()).toContain('deploys: none of its rows lies in the window')
})
