import { describe, expect, it } from 'vitest'
import { createOnceward, type EntriesQuery, type Intent } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { expectRefusal, instance } from './refusals.ts'

const store = memoryStore()

/** What the message must name, and the options that are wrong. */
const instanceCases: readonly (readonly [string, unknown])[] = [
  ['options', undefined],
  ['options', null],
  ['options', 'sqlite:./file.db'],
  ['store', {}],
  ['store', { store: 'memory:' }],
  ['store', { store: {} }],
  ['scope', { store, scope: '' }],
  ['scope', { store, scope: 42 }],
  ['scope', { store, scope: 'x'.repeat(101) }],
  ['operations', { store, operations: null }],
  ['operations', { store, operations: [] }],
  ['operations', { store, operations: 'charge' }],
  ['operations.charge', { store, operations: { charge: null } }],
  ['operations.charge', { store, operations: { charge: 'keyed' } }],
  ['operations.charge.safety.kind', { store, operations: { charge: { safety: 'exactly-once' } } }],
  ['operations.charge.safety', { store, operations: { charge: { safety: 42 } } }],
  ['operations.charge.safety.verify', { store, operations: { charge: { safety: 'verifiable' } } }],
  [
    'operations.charge.safety.settleMs',
    { store, operations: { charge: { safety: { kind: 'verifiable', verify: () => 1, settleMs: -1 } } } },
  ],
  [
    'operations.charge.safety.keyLifetimeMs',
    { store, operations: { charge: { safety: { kind: 'keyed', keyLifetimeMs: '1d' } } } },
  ],
  [
    'operations.charge.safety.requestTimeoutMs',
    { store, operations: { charge: { safety: { kind: 'keyed', requestTimeoutMs: 0 } } } },
  ],
  ['operations.charge.volatile', { store, operations: { charge: { volatile: 'sentAt' } } }],
  ['operations.charge.volatile', { store, operations: { charge: { volatile: ['sentAt'] } } }],
  ['operations.charge.volatile', { store, operations: { charge: { volatile: [42] } } }],
  ['operations.charge.parse', { store, operations: { charge: { parse: {} } } }],
  ['operations.charge.retry', { store, operations: { charge: { retry: true } } }],
  ['operations.charge.singleCall', { store, operations: { charge: { singleCall: 'yes' } } }],
  ['operations.charge.steps', { store, operations: { charge: { steps: 1 } } }],
  ['operations.charge.leaseMs', { store, operations: { charge: { leaseMs: '10s' } } }],
  ['operations.charge.leaseMs', { store, operations: { charge: { leaseMs: 99 } } }],
  ['operations.charge.retainMs', { store, operations: { charge: { retainMs: -1 } } }],
  ['operations.charge.onStoreOutage', { store, operations: { charge: { onStoreOutage: 'ignore' } } }],
  ['operations.charge.onTwin', { store, operations: { charge: { onTwin: true } } }],
  ['operations.charge.twinWindowMs', { store, operations: { charge: { twinWindowMs: 0 } } }],
  ['keyLint', { store, keyLint: 'error' }],
  ['redact', { store, redact: ['/card'] }],
  ['seal', { store, seal: 'key' }],
  ['seal', { store, seal: { seal: () => 1 } }],
  ['maxInputBytes', { store, maxInputBytes: 0 }],
  ['maxInputBytes', { store, maxInputBytes: '256KiB' }],
  ['maxResultBytes', { store, maxResultBytes: 1.5 }],
  ['maxRunMs', { store, maxRunMs: 0 }],
  ['storeTimeoutMs', { store, storeTimeoutMs: -1 }],
  ['maxWaiters', { store, maxWaiters: -1 }],
  ['tombstoneMs', { store, tombstoneMs: Infinity }],
  ['recallMs', { store, recallMs: -1 }],
  ['recallWaitMs', { store, recallWaitMs: 9_999 }],
  ['recallWaitMs', { store, recallWaitMs: false }],
  ['recallMaxEntries', { store, recallMaxEntries: 0 }],
  ['recallMaxBytes', { store, recallMaxBytes: '64MiB' }],
  ['sweep', { store, sweep: 'daily' }],
  ['sweep', { store, sweep: true }],
  ['sweep.everyMs', { store, sweep: { everyMs: 1 } }],
]

const intentCases: readonly (readonly [string, unknown])[] = [
  ['intent', undefined],
  ['intent', null],
  ['intent', 'charge'],
  ['operation', { key: 'a' }],
  ['operation', { operation: '', key: 'a' }],
  ['operation', { operation: 42, key: 'a' }],
  ['operation', { operation: 'x'.repeat(101), key: 'a' }],
  ['operation', { operation: 'a\u0000', key: 'a' }],
  ['subject', { operation: 'charge', key: 'a', subject: '' }],
  ['subject', { operation: 'charge', key: 'a', subject: 42 }],
  ['subject', { operation: 'charge', key: 'a', subject: 'x'.repeat(256) }],
  ['safety.kind', { operation: 'charge', key: 'a', safety: 'exactly-once' }],
  ['safety', { operation: 'charge', key: 'a', safety: null }],
  ['leaseMs', { operation: 'charge', key: 'a', leaseMs: '10s' }],
  ['retainMs', { operation: 'charge', key: 'a', retainMs: Number.NaN }],
  ['retry', { operation: 'charge', key: 'a', retry: 3 }],
  ['singleCall', { operation: 'charge', key: 'a', singleCall: 'true' }],
  ['steps', { operation: 'charge', key: 'a', steps: [] }],
  ['onConcurrent', { operation: 'charge', key: 'a', onConcurrent: 'queue' }],
  ['waitMs', { operation: 'charge', key: 'a', waitMs: -1 }],
]

const queryCases: readonly (readonly [string, unknown])[] = [
  ['query', null],
  ['query', 'succeeded'],
  ['operation', { key: 'a' }],
  ['operation', { operation: '' }],
  ['subject', { subject: 42 }],
  ['state', { state: 'done' }],
  ['state', { state: ['succeeded', 'done'] }],
  ['from', { from: 'yesterday' }],
  ['from', { from: 1_700_000_000_000 }],
  ['to', { to: new Date(Number.NaN) }],
  ['limit', { limit: 0 }],
  ['limit', { limit: 501 }],
  ['limit', { limit: '10' }],
  ['cursor', { cursor: 'next' }],
  ['cursor', { cursor: 42 }],
]

describe('createOnceward', () => {
  it.each(instanceCases)('refuses wrong %s', async (name, options) => {
    await expectRefusal(() => createOnceward(options as never), {
      code: 'OPTION_INVALID',
      says: [new RegExp(`^${name} must `), 'got '],
    })
  })
})

describe('run and execute', () => {
  it.each(intentCases)('refuse wrong %s', async (name, intent) => {
    const { once, rows } = instance()
    const ran: string[] = []
    for (const method of ['run', 'execute'] as const) {
      await expectRefusal(() => once[method](intent as Intent, () => ran.push('ran')), {
        code: 'OPTION_INVALID',
        says: [new RegExp(`^${name} must be `), 'got '],
      })
    }
    expect(ran).toEqual([])
    expect(rows.size).toBe(0)
  })

  it.each([undefined, null, 'effect', {}])('refuse an effect that is %s', async (effect) => {
    const { once, rows } = instance()
    const intent = { operation: 'charge', key: 'a' }
    await expectRefusal(() => once.run(intent, effect as never), {
      code: 'OPTION_INVALID',
      says: ['effect must be a function'],
    })
    expect(rows.size).toBe(0)
  })
})

describe('queries', () => {
  it.each(queryCases)('refuse wrong %s', async (name, query) => {
    const { once } = instance()
    await expectRefusal(() => once.entries(query as EntriesQuery), {
      code: 'OPTION_INVALID',
      says: [new RegExp(`^${name} must be `), 'got '],
    })
  })

  it.each<readonly [string, unknown]>([
    ['ref', 'order-1'],
    ['ref', ''],
    ['target', undefined],
    ['target', null],
    ['target', 42],
    ['operation', { key: 'a' }],
  ])('refuse to look up a wrong %s', async (name, target) => {
    const { once } = instance()
    const says = [new RegExp(`^${name} must be `)]
    await expectRefusal(() => once.lookup(target as string), { code: 'OPTION_INVALID', says })
    const decision = { happened: true, by: 'Ada', because: 'seen' } as const
    await expectRefusal(() => once.doubts.resolve(target as string, decision), {
      code: 'OPTION_INVALID',
      says,
    })
  })
})

describe('close and stores', () => {
  it.each([-1, '5s', Number.NaN])('close refuses graceMs %s with a rejection', async (graceMs) => {
    const { once } = instance()
    const refused = once.close({ graceMs: graceMs as number })
    await expectRefusal(() => refused, { code: 'OPTION_INVALID', says: ['graceMs'] })
    expect(await once.run({ operation: 'charge', key: 'a' }, () => 'still open')).toBe('still open')
  })

  it.each([undefined, {}, { path: '' }, { path: 42 }])('sqliteStore refuses %s', async (options) => {
    await expectRefusal(() => sqliteStore(options as never), {
      code: 'OPTION_INVALID',
      says: ['path must be'],
    })
  })

  it('sqliteStore refuses a busyTimeoutMs that is none', async () => {
    await expectRefusal(() => sqliteStore({ path: 'x.db', busyTimeoutMs: -1 }), {
      code: 'OPTION_INVALID',
      says: ['busyTimeoutMs'],
    })
  })
})
