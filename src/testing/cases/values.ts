import { utf8 } from '../../kernel/bytes.ts'
import { refOf } from '../../kernel/ids.ts'
import { check, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'
import { awkwardTexts } from './samples.ts'

const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index)

export const valueCases: readonly ContractCase[] = [
  {
    title: 'a result comes back byte for byte, whatever the bytes',
    async run(bench) {
      for (const value of [
        allBytes,
        allBytes.toReversed(),
        Uint8Array.of(0),
        Uint8Array.of(0xff, 0xfe),
        utf8('{"a":"é🚚"}'),
      ]) {
        const row = await bench.settled(await bench.fresh(), { value })
        const read = await bench.row(row.ref)
        check(read.value instanceof Uint8Array, 'a result is bytes')
        same(read.value, value, 'the bytes')
      }
    },
  },
  {
    title: 'an empty result is kept as an empty one, not as none',
    async run(bench) {
      const row = await bench.settled(await bench.fresh(), { value: new Uint8Array(0) })
      const { value } = await bench.row(row.ref)
      check(value !== undefined, 'there is a result')
      same(value.byteLength, 0, 'its length')
      const none = await bench.settled(await bench.fresh(), { to: 'failed' })
      check((await bench.row(none.ref)).value === undefined, 'an entry without a result has none')
    },
  },
  {
    title: 'a result of 256 KiB comes back whole',
    async run(bench) {
      const value = Uint8Array.from({ length: 256 * 1024 }, (_, index) => (index * 31 + (index >> 8)) & 0xff)
      const row = await bench.settled(await bench.fresh(), { value })
      const read = (await bench.row(row.ref)).value
      check(read !== undefined && Buffer.compare(read, value) === 0, 'the bytes are the same')
    },
  },
  {
    title:
      'what a caller does to its bytes later does not reach the store, nor what a reader does to its own',
    async run(bench) {
      const value = Uint8Array.of(1, 2, 3)
      const row = await bench.settled(await bench.fresh(), { value })
      value.fill(9)
      const read = (await bench.row(row.ref)).value
      same(read, Uint8Array.of(1, 2, 3), 'the result after the caller changed its own bytes')
      read?.fill(8)
      same(
        (await bench.row(row.ref)).value,
        Uint8Array.of(1, 2, 3),
        'the result after a reader changed its own bytes',
      )
    },
  },
  {
    title: 'texts come back as they were given: quotes, controls, any script, no normalization, no trimming',
    async run(bench) {
      for (const text of awkwardTexts) {
        const error = { code: text.slice(0, 40), message: text }
        const row = await bench.fresh({ key: text, operation: text, scope: text, subject: text })
        has(await bench.row(row.ref), { key: text, operation: text, scope: text, subject: text }, 'the row')
        const doubted = await bench.settled(row, { to: 'in_doubt', why: text, error })
        has(await bench.row(row.ref), { error }, 'the row in doubt')
        same(doubted.doubt?.why, text, 'why')
        const resolved = await bench.resolved(doubted, 'failed', { resolution: { by: text, because: text } })
        has(resolved.resolution ?? {}, { by: text, because: text }, 'the evidence')
      }
    },
  },
  {
    title: 'texts as long as the ledger allows are kept whole',
    async run(bench) {
      const wide = 'ü'.repeat(127)
      const error = { code: 'X', message: 'm'.repeat(999) }
      const row = await bench.fresh({
        key: `${wide}k`,
        subject: `${wide}s`,
        operation: 'o'.repeat(100),
        scope: 's'.repeat(100),
      })
      const failed = await bench.settled(row, { to: 'failed', error })
      has(
        await bench.row(row.ref),
        { key: `${wide}k`, subject: `${wide}s`, operation: 'o'.repeat(100), error },
        'the row',
      )
      await bench.unchanged(failed, 'the settle itself')
    },
  },
  {
    title: 'keys that differ in case, accents or spaces alone are different keys',
    async run(bench) {
      const keys = ['order', 'Order', 'ORDER', 'order ', ' order', 'órder', 'o\u0301rder', 'ｏrder']
      for (const key of keys)
        isKind(await bench.claim(bench.claimOf({ key })), 'claimed', `a claim of ${JSON.stringify(key)}`)
      for (const key of keys) {
        const { entries } = await bench.store.list({ scope: 'shop', operation: 'charge', key, limit: 10 })
        same(
          entries.map((entry) => entry.ref),
          [refOf('shop', 'charge', key)],
          `the entries with the key ${JSON.stringify(key)}`,
        )
      }
    },
  },
  {
    title: 'large numbers come back exact',
    async run(bench) {
      const leaseMs = 3_600_000
      const retainMs = 100 * 365 * 24 * 60 * 60 * 1000
      const row = await bench.settled(await bench.fresh({ leaseMs, retainMs }), {
        to: 'started',
        round: 2_000_000_000,
        ownerWrite: 2_000_000_000,
      })
      has(
        await bench.row(row.ref),
        { leaseMs, retainMs, round: 2_000_000_000, ownerWrite: 2_000_000_000 },
        'the row',
      )
      const steps = { unlistedSinceMs: 1_700_000_000_123.456, steps: [] }
      same(
        (await bench.settled(row, { to: 'started', steps, ownerWrite: 2_000_000_001 })).steps,
        steps,
        'the steps',
      )
    },
  },
]
