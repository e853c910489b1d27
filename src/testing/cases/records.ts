import { check, has, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'
import { awkwardTexts } from './samples.ts'

export const recordCases: readonly ContractCase[] = [
  {
    title: 'an appended record is kept as it was given, at version 1',
    async run(bench) {
      const { records } = bench.store
      const beforeMs = await bench.nowMs()
      await records.append([{ stream: 'events', id: 'e-1', body: '{"n":1}' }])
      const [record] = await records.read({ stream: 'events', limit: 10 })
      check(record !== undefined, 'the record is there')
      has(record, { stream: 'events', id: 'e-1', version: 1, body: '{"n":1}' }, 'the record')
      check(
        beforeMs <= record.atMs && record.atMs <= (await bench.nowMs()),
        "it is dated by the store's clock",
      )
    },
  },
  {
    title: 'an id that is already there is left as it is, and its neighbours are added',
    async run(bench) {
      const { records } = bench.store
      await records.append([{ stream: 'events', id: 'e-1', body: 'first' }])
      await records.append([
        { stream: 'events', id: 'e-0', body: 'zero' },
        { stream: 'events', id: 'e-1', body: 'second' },
        { stream: 'events', id: 'e-2', body: 'two' },
      ])
      await records.append([])
      const bodies = (await records.read({ stream: 'events', limit: 10 })).map(
        ({ id, version, body }) => `${id} ${version} ${body}`,
      )
      same(bodies, ['e-0 1 zero', 'e-1 1 first', 'e-2 1 two'], 'the records')
    },
  },
  {
    title: 'records are read in the order of their ids, in pages, each once',
    async run(bench) {
      const { records } = bench.store
      const ids = ['b', 'a', 'B', 'a0', '~', '10', '9', 'Z', '_', 'a-']
      await records.append(ids.map((id) => ({ stream: 'events', id, body: id })))
      const sorted = ids.toSorted()
      same(
        (await records.read({ stream: 'events', limit: 100 })).map(({ id }) => id),
        sorted,
        'one long page',
      )
      const read: string[] = []
      for (let pages = 0; pages < 10; pages += 1) {
        const after = read.at(-1)
        const page = await records.read({
          stream: 'events',
          limit: 3,
          ...(after === undefined ? {} : { after }),
        })
        read.push(...page.map(({ id }) => id))
        check(page.length <= 3, 'a page keeps to its limit')
      }
      same(read, sorted, 'pages of three')
    },
  },
  {
    title: 'streams do not see each other, not even where names begin alike',
    async run(bench) {
      const { records } = bench.store
      await records.append(['a', 'ab', 'A', 'a '].map((stream) => ({ stream, id: '1', body: stream })))
      for (const stream of ['a', 'ab', 'A', 'a ']) {
        same(
          (await records.read({ stream, limit: 10 })).map(({ body }) => body),
          [stream],
          `the stream ${JSON.stringify(stream)}`,
        )
      }
      same(await records.read({ stream: 'none', limit: 10 }), [], 'a stream nobody wrote to')
    },
  },
  {
    title: 'a record is replaced only at the version that was read, and its version rises',
    async run(bench) {
      const { records } = bench.store
      const at = { stream: 'leases', id: 'x' }
      await records.append([{ ...at, body: '1' }])
      same(await records.replaceIf({ ...at, version: 2, body: 'wrong' }), false, 'at a later version')
      same(await records.replaceIf({ ...at, version: 0, body: 'wrong' }), false, 'as if it were absent')
      same(await records.replaceIf({ ...at, version: 1, body: '2' }), true, 'at its version')
      same(await records.replaceIf({ ...at, version: 1, body: 'wrong' }), false, 'at the version before')
      same(
        (await records.read({ stream: 'leases', limit: 5 })).map(({ version, body }) => `${version} ${body}`),
        ['2 2'],
        'the record',
      )
    },
  },
  {
    title: 'version 0 adds a record where there is none, and another version does not',
    async run(bench) {
      const { records } = bench.store
      const at = { stream: 'leases', id: 'x' }
      same(
        await records.replaceIf({ ...at, version: 1, body: 'wrong' }),
        false,
        'an absent record at version 1',
      )
      same(await records.read({ stream: 'leases', limit: 5 }), [], 'the stream')
      same(await records.replaceIf({ ...at, version: 0, body: '1' }), true, 'an absent record at version 0')
      same(
        (await records.read({ stream: 'leases', limit: 5 })).map(({ version, body }) => `${version} ${body}`),
        ['1 1'],
        'the record',
      )
    },
  },
  {
    title: 'of concurrent replacements of one record exactly one counts',
    async run(bench) {
      const { records } = bench.store
      const at = { stream: 'leases', id: 'x' }
      for (const version of [0, 1, 2]) {
        const taken = await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            records.replaceIf({ ...at, version, body: `${version}-${index}` }),
          ),
        )
        same(taken.filter(Boolean).length, 1, `replacements of version ${version} that were taken`)
        const [record] = await records.read({ stream: 'leases', limit: 5 })
        same(record?.body, `${version}-${taken.indexOf(true)}`, 'the body')
      }
    },
  },
  {
    title: 'a replacement dates the record anew, so that what is still written is not pruned',
    async run(bench) {
      const { records } = bench.store
      const at = { stream: 'leases', id: 'x' }
      await records.append([{ ...at, body: '1' }])
      await bench.passes()
      const beforeMs = await bench.nowMs()
      same(await records.replaceIf({ ...at, version: 1, body: '2' }), true, 'the replacement')
      const [record] = await records.read({ stream: 'leases', limit: 5 })
      const atMs = record?.atMs ?? 0
      check(
        beforeMs <= atMs && atMs <= (await bench.nowMs()),
        "it is dated by the store's clock at the replacement",
      )
    },
  },
  {
    title: 'only records older than asked are pruned, of one stream, at most as many as asked',
    async run(bench) {
      const { records } = bench.store
      const ids = ['1', '2', '3', '4', '5']
      await records.append(
        ids.flatMap((id) => [
          { stream: 'events', id, body: '' },
          { stream: 'audit', id, body: '' },
        ]),
      )
      await bench.passes()
      await bench.passes()
      same(
        await records.prune({ stream: 'events', olderThanMs: 600_000, limit: 100 }),
        0,
        'records older than ten minutes',
      )
      same(
        await records.prune({ stream: 'events', olderThanMs: 1, limit: 3 }),
        3,
        'records older than a millisecond, at most three',
      )
      same((await records.read({ stream: 'events', limit: 10 })).length, 2, 'records left')
      same(await records.prune({ stream: 'events', olderThanMs: 1, limit: 3 }), 2, 'the rest')
      same(
        (await records.read({ stream: 'audit', limit: 10 })).length,
        ids.length,
        'records of the other stream',
      )
    },
  },
  {
    title: 'records that are removed are gone, and no others',
    async run(bench) {
      const { records } = bench.store
      // A store may do without; then nobody may schedule an effect on it.
      if (records.remove === undefined) return
      const named = ['1', '2', '3'].flatMap((id) => [
        { stream: 'events', id, body: '' },
        { stream: 'audit', id, body: '' },
      ])
      await records.append(named)
      await records.remove([])
      await records.remove([
        { stream: 'events', id: '1' },
        { stream: 'events', id: '3' },
        { stream: 'events', id: 'never' },
      ])
      const left = async (stream: string): Promise<string[]> =>
        (await records.read({ stream, limit: 10 })).map(({ id }) => id)
      same(await left('events'), ['2'], 'records left')
      same(await left('audit'), ['1', '2', '3'], 'records of the other stream')
    },
  },
  {
    title: 'records keep texts as they were given',
    async run(bench) {
      const { records } = bench.store
      await records.append(awkwardTexts.map((text) => ({ stream: text, id: text, body: text })))
      const long = 'x'.repeat(64 * 1024)
      await records.append([{ stream: 'long', id: '1', body: long }])
      for (const text of awkwardTexts) {
        const read = (await records.read({ stream: text, limit: 5 })).map(({ stream, id, body }) => ({
          stream,
          id,
          body,
        }))
        same(read, [{ stream: text, id: text, body: text }], `the record ${JSON.stringify(text)}`)
      }
      check((await records.read({ stream: 'long', limit: 5 }))[0]?.body === long, 'a long body is kept whole')
    },
  },
]
