import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createIntegrity, knownLimits, sizeWatch, type SizeWatchEvents } from '../../src/integrity/index.ts'
import { suspicionsOf } from '../../src/integrity/size-watch.ts'

type Suspect = typeof suspicionsOf
const mib = 1024 * 1024

function told(sizes: readonly number[], suspect: Suspect = suspicionsOf, options = {}): readonly string[] {
  const watch = sizeWatch(options, suspect)
  const events: SizeWatchEvents['size_suspect'][] = []
  watch.on('size_suspect', (event) => events.push(event))
  for (const bytes of sizes) watch.record('m', bytes)
  return events.map(({ why, limitBytes, limits }) =>
    `${why} ${limitBytes} ${limits.map(({ name }) => name).join()}`.trim(),
  )
}

const sentences: Readonly<Record<string, (suspect: Suspect) => void>> = {
  'a largest size that stays on a limit is told of, once': (suspect) => {
    const events = told(
      Array.from({ length: 50 }, () => 4 * mib),
      suspect,
    )
    expect(events).toEqual(['near-limit 4194304 gRPC receive limit', 'on-limit 4194304 gRPC receive limit'])
  },
  'a largest size that stays on a power of two is told of, where no limit is known': (suspect) => {
    expect(told([2 * mib, 2 * mib], suspect)).toEqual([])
    expect(told([100, 2 * mib, 2 * mib, 2 * mib], suspect)).toEqual(['power-of-two 2097152'])
  },
  'a largest size within the margin of a limit is told of': (suspect) => {
    expect(told([3_900_000], suspect)).toEqual([])
    expect(told([4_000_000], suspect)).toEqual(['near-limit 4194304 gRPC receive limit'])
    expect(told([4_194_305], suspect)).toEqual([])
  },
  'sizes that go beyond, that vary, or that are small are not told of': (suspect) => {
    expect(told([5_000_000, 4_500_000, 4_500_000, 4_500_000], suspect)).toEqual([])
    expect(told([4096, 4096, 4096, 4096], suspect)).toEqual([])
    expect(told([2 * mib, 2 * mib, 2 * mib + 1, 2 * mib], suspect)).toEqual([])
  },
}

const mutants: Readonly<Record<string, Suspect>> = {
  'suspects a coincidence': (bytes, times, options) => suspicionsOf(bytes, times, { ...options, stays: 1 }),
  'knows no limits': (bytes, times, options) => suspicionsOf(bytes, times, { ...options, limits: [] }),
  'has no margin': (bytes, times, options) => suspicionsOf(bytes, times, { ...options, marginRatio: 0 }),
  'has too much of one': (bytes, times, options) =>
    suspicionsOf(bytes, times, { ...options, marginRatio: 0.5 }),
  'suspects small sizes': (bytes, times, options) => suspicionsOf(bytes, times, { ...options, fromBytes: 1 }),
  'suspects nothing': () => [],
}

describe('the size watch', () => {
  it.each(Object.entries(sentences))('%s', (_, holds) => {
    holds(suspicionsOf)
  })

  it.each(Object.entries(mutants))('a sentence notices one that %s', (_, mutant) => {
    const noticed = Object.values(sentences).filter((holds) => {
      try {
        holds(mutant)
        return false
      } catch {
        return true
      }
    })
    expect(noticed.length).toBeGreaterThan(0)
  })

  it('gives a histogram for each method, with how much of each limit is used', () => {
    const watch = sizeWatch()
    for (const bytes of [10, 1024, 1025, 3_000_000, 6_800_000, 6_800_000])
      watch.record('/shop.Orders/Dispatch', bytes)
    const [sizes] = watch.sizes()
    expect(sizes).toMatchObject({
      method: '/shop.Orders/Dispatch',
      messages: 6,
      largestBytes: 6_800_000,
      timesLargest: 2,
      buckets: [
        { upToBytes: 1024, messages: 2 },
        { upToBytes: 2048, messages: 1 },
        { upToBytes: 4_194_304, messages: 1 },
        { upToBytes: 8_388_608, messages: 2 },
      ],
    })
    const grpc = sizes?.limits.find(({ name }) => name === 'gRPC receive limit')
    expect(grpc?.usedRatio).toBeCloseTo(1.62, 2)
    expect(grpc?.source).toContain('4 MiB')
  })

  it('takes bounded memory, whatever the methods are called', () => {
    const watch = sizeWatch({ maxMethods: 3 })
    for (let at = 0; at < 1000; at += 1) watch.record(`/path/${at}`, at)
    expect(watch.sizes().map(({ method, messages }) => [method, messages])).toEqual([
      ['/path/0', 1],
      ['/path/1', 1],
      ['/path/2', 1],
      ['(other)', 997],
    ])
  })

  it('counts what is refused: a size at which messages are cut is what it is for', () => {
    const integrity = createIntegrity()
    expect(() => integrity.unframe(Buffer.alloc(4 * mib), 'm')).toThrow('came without a digest')
    expect(integrity.sizes.sizes()).toMatchObject([{ method: 'm', largestBytes: 4 * mib }])
  })

  it("takes limits of one's own, and refuses what is none", () => {
    const limits = [{ name: 'our proxy', bytes: 500_000, source: 'proxy.yaml' }]
    expect(told([490_000], suspicionsOf, { limits })).toEqual(['near-limit 500000 our proxy'])
    expect(() => sizeWatch({ limits: [{ name: 'x', bytes: 0, source: '' }] })).toThrow(
      'sizes.limits[].bytes must be',
    )
    expect(() => sizeWatch({ marginRatio: 1 })).toThrow('sizes.marginRatio must be')
    expect(() => sizeWatch({ stays: 1 })).toThrow('sizes.stays must be')
  })
})

it('the guide lists every known limit with its size and source, and no other', () => {
  const guide = readFileSync('docs/guide/integrity.md', 'utf8')
  const rows = [...guide.matchAll(/^\| (.+) \| ([\d,]+) \| (.+) \|$/gm)].map(([, ...row]) => row.join(' | '))
  expect(rows).toEqual(
    knownLimits.map(({ name, bytes, source }) => `${name} | ${bytes.toLocaleString('en')} | ${source}`),
  )
})

it('what the gRPC library takes by default is what is listed', async () => {
  const { DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH: limit } = (await import(
    '@grpc/grpc-js/build/src/constants.js'
  )) as { readonly DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH: number }
  expect(knownLimits.find(({ name }) => name === 'gRPC receive limit')?.bytes).toBe(limit)
})
