import { appendFileSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CliBench, json } from '../e2e/cli-bench.ts'

let bench: CliBench

beforeAll(() => {
  bench = new CliBench()
  bench.write('effects.csv', csv)
})
afterAll(() => bench.dispose())

const csv = `order_ref,charge_id,at,amount
<script>alert(1)</script>,1,2026-01-01T10:00:00Z,1.00
<script>alert(1)</script>,2,2026-01-01T10:00:02Z,1.00
=cmd(),3,2026-01-01T10:00:00Z,2.50
=cmd(),4,2026-01-01T10:00:02Z,2.50
C,5,2026-01-01T10:00:00Z,1.00
`

describe('onceward audit', () => {
  it('guesses the columns, ends with 1 and prints one document, and files as asked', async () => {
    const done = await bench.run([
      'audit',
      'effects.csv',
      '--json',
      '--csv',
      'groups.csv',
      '--html',
      'report.html',
    ])
    expect(json(done)).toMatchObject({
      source: 'effects.csv',
      rows: 5,
      refs: 3,
      duplicateRefs: 2,
      extraRows: 2,
      extraAmount: 350,
      window: { from: '2026-01-01T10:00:00.000Z', to: '2026-01-01T10:00:02.000Z' },
      groups: [{ count: 2, gapMs: 2000, keyRelation: 'none', payload: 'same' }, { count: 2 }],
      rejected: [],
      guessed: [
        { role: 'ref', column: 'order_ref' },
        { role: 'effect', column: 'charge_id' },
        { role: 'at', column: 'at' },
        { role: 'amount', column: 'amount' },
      ],
    })
    expect(done.code).toBe(1)
    expect(done.stderr.toString()).toMatch(
      /2 of 3 references were done more than once: 2 effects too many, 3\.50 in all/,
    )
    expect(done.stderr.toString()).toMatch(/below 10 s +2 +####/)
    const html = readFileSync(bench.path('report.html'), 'utf8')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).not.toMatch(/<script|https?:|src=/)
    const lines = readFileSync(bench.path('groups.csv'), 'utf8').split('\r\n')
    expect(lines).toHaveLength(4)
    // A spreadsheet would run it.
    expect(lines.some((line) => line.startsWith("'=cmd(),2,"))).toBe(true)
  })

  it('ends with 0 where nothing was done twice, and reads standard input', async () => {
    const running = bench.start(['audit', '-', '--ref', 'order_ref,charge_id', '--json'])
    running.child.stdin.end(csv)
    const done = await running.ended
    expect(json(done)).toMatchObject({ source: 'standard input', duplicateRefs: 0, refs: 5 })
    expect(done.code).toBe(0)
  })

  it('ends with 2 for bad input, and with 4 for a database that is not there, without its password', async () => {
    const wrong = await bench.run(['audit', 'effects.csv', '--ref', 'order_rf', '--json'])
    expect(json(wrong)).toMatchObject({
      error: { code: 'OPTION_INVALID', message: expect.stringContaining('Did you mean "order_ref"?') },
    })
    expect(wrong.code).toBe(2)
    const away = await bench.run(['audit', 'postgres://ann:sesame@127.0.0.1:1/shop?table=charges'])
    expect(away.code).toBe(4)
    expect(away.stderr.toString()).toContain('SOURCE_UNAVAILABLE')
    expect(away.stderr.toString() + away.stdout.toString()).not.toContain('sesame')
  })

  it('prints the SQL for engines that have the rows', async () => {
    const done = await bench.run([
      'audit',
      's3/charges.parquet',
      '--ref',
      'order_ref',
      '--at',
      'at',
      '--print-sql',
      'spark',
    ])
    expect(done.stdout.toString()).toContain('USING parquet OPTIONS')
    expect(done.stdout.toString()).toContain('GROUP BY `order_ref`')
    expect(done.code).toBe(0)
  })

  it('watches a file, and ends with 1 at the first duplicate where it is told to', async () => {
    bench.write('live.csv', csv)
    const running = bench.start([
      'audit',
      'live.csv',
      '--ref',
      'order_ref',
      '--watch',
      '--every',
      '20ms',
      '--exit-on-alert',
      '--json',
    ])
    await running.printed('"kind":"ready"')
    appendFileSync(bench.path('live.csv'), 'C,6,2026-01-01T10:00:05Z,1.00\n')
    const done = await running.ended
    expect(done.code).toBe(1)
    const events = done.stdout
      .toString()
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(events).toMatchObject([
      { kind: 'ready', duplicateRefs: 2 },
      { kind: 'alert', group: { ref: 'C', count: 2, gapMs: 5000 } },
    ])
    expect(done.stderr.toString()).toContain('ALERT')
  })
})
