import { expect, test } from 'vitest'
import type { DoubtReceipt } from '../ledger/receipt.ts'
import type { HalfOutcome } from './half.ts'
import { makeProgress } from './progress.ts'
import { exitCodeOf, makeReport } from './report.ts'
import { reportText } from './report-text.ts'

const faults = { clientRetries: 9, doubleClicks: 3, workerKills: 2, slowAnswers: 3 }
const clean = { effects: 10, duplicated: 0, lost: 0 }

function half(changes: Partial<HalfOutcome> = {}): HalfOutcome {
  return {
    faults,
    journals: { charge: '/r/provider.jsonl', dispatch: '/r/partner.jsonl', mail: '/r/mail.jsonl' },
    clientJournal: '/r/client.jsonl',
    accepted: 10,
    byEffect: { charge: clean, dispatch: clean, mail: clean },
    doubts: [],
    open: 0,
    asked: { charge: 0, dispatch: 2, mail: 0 },
    replayed: 4,
    ...changes,
  }
}

const doubt = {
  ref: 'abc123',
  operation: 'mail',
  key: ['order', 'A-1'],
  subject: 'order:A-1',
} as unknown as DoubtReceipt

function reportOf(guarded: HalfOutcome): ReturnType<typeof makeReport> {
  const about = { seed: 1, store: 'sqlite:/r/my ledger.db', scope: 'default', orders: 10, workers: 6 }
  return makeReport({
    ...about,
    folder: '/r',
    schedule: '/r/s.json',
    durationMs: 1_234,
    unguarded: half(),
    guarded,
  })
}

test('sums are over the effects, and a clean guarded half exits with 0', () => {
  const report = reportOf(half())
  expect(report.guarded).toMatchObject({
    effects: 30,
    duplicated: 0,
    lost: 0,
    inDoubt: 0,
    settledByAsking: 2,
    replayed: 4,
  })
  expect(exitCodeOf(report)).toBe(0)
})

test.each([
  ['a duplicate', half({ byEffect: { charge: clean, dispatch: { ...clean, duplicated: 1 }, mail: clean } })],
  ['a loss', half({ byEffect: { charge: clean, dispatch: clean, mail: { ...clean, lost: 1 } } })],
  ['an order nobody took', half({ accepted: 9 })],
  ['an entry without an end', half({ open: 1 })],
])('%s in the guarded half exits with 1', (_what, guarded) => {
  expect(exitCodeOf(reportOf(guarded))).toBe(1)
})

test('the text ends with the commands to type next, fit for a shell', () => {
  const report = reportOf(half({ doubts: [doubt] }))
  const text = reportText({ report, doubts: [doubt], command: 'onceward', isStoreKept: true })
  expect(text).toContain("onceward doubt list --store 'sqlite:/r/my ledger.db'")
  expect(text).toContain('onceward doubt resolve abc123 --happened --by NAME --because TEXT')
})

test('a store that is gone is not sent to', () => {
  const report = reportOf(half({ doubts: [doubt] }))
  const text = reportText({ report, doubts: [doubt], command: 'onceward', isStoreKept: false })
  expect(text).not.toContain('doubt list')
  expect(text).toContain('ended with the demo')
})

test('progress is one changing line in a terminal, and plain lines elsewhere', () => {
  const written = (isTTY: boolean): string => {
    let text = ''
    const progress = makeProgress({ isTTY, columns: 40, write: (more) => (text += more) })
    const tell = progress.half('without Onceward', 100)
    for (let accepted = 0; accepted < 10; accepted++) {
      tell({ accepted, ended: accepted, clientRetries: 0, doubleClicks: 0, workerKills: 0 })
    }
    progress.close()
    return text
  }
  const live = written(true)
  expect(live.split('\r')).toHaveLength(11)
  expect(live.endsWith('\n')).toBe(true)
  // Two seconds have not passed: one line.
  expect(written(false).split('\n')).toHaveLength(2)
  expect(written(false)).not.toContain('\r')
})
