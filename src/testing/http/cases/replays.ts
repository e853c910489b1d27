import { same } from '../../assert.ts'
import type { AdapterCase } from '../contract.ts'
import { isFirst, isProblem, isReplayOf } from '../expect.ts'

/** One key, one run. */
export const replayCases: readonly AdapterCase[] = [
  {
    title: 'a request without a key runs each time',
    run: async (bench) => {
      const client = await bench.serve()
      isFirst(await client.send())
      isFirst(await client.send())
      same(bench.runs, 2, 'both ran')
    },
  },
  {
    title: 'a request with a key runs once, and what comes again is answered as the first was',
    run: async (bench) => {
      const client = await bench.serve()
      const first = await client.send({ key: '"k-1"' })
      isFirst(first)
      isReplayOf(await client.send({ key: '"k-1"' }), first)
      isReplayOf(await client.send({ key: '"k-1"' }), first)
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a replay is answered by another process on the same store',
    run: async (bench) => {
      const first = await (await bench.serve()).send({ key: 'k-1' })
      const other = await bench.serve()
      isReplayOf(await other.send({ key: 'k-1' }), first)
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a header of the client or of the handler does not make an answer a replay',
    run: async (bench) => {
      const headers = { 'idempotency-replayed': 'true' }
      const client = await bench.serve({ routes: [bench.orders(() => ({ headers }))] })
      isFirst(await client.send({ key: 'k-1', headers }))
      same(bench.runs, 1, 'the handler ran')
    },
  },
  {
    title: 'a GET with a key is passed on',
    run: async (bench) => {
      const client = await bench.serve({ routes: [bench.route('GET', '/orders')] })
      isFirst(await client.send({ method: 'GET', key: 'k-1', body: null }))
      isFirst(await client.send({ method: 'GET', key: 'k-1', body: null }))
      same(bench.runs, 2, 'both ran')
    },
  },
  {
    title: 'an error that the handler answers is replayed',
    run: async (bench) => {
      const answer = { status: 402, json: { error: 'card declined' } }
      const client = await bench.serve({ routes: [bench.orders(() => answer)] })
      const first = await client.send({ key: 'k-1' })
      isFirst(first, 402)
      isReplayOf(await client.send({ key: 'k-1' }), first)
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'an answer in which nothing has begun is not kept, and the key stays free',
    run: async (bench) => {
      const client = await bench.serve({
        options: { outcome: ({ status }) => (status === 429 ? 'no-effect' : undefined) },
        routes: [bench.orders(() => (bench.runs === 1 ? { status: 429, body: 'slow down' } : {}))],
      })
      isFirst(await client.send({ key: 'k-1' }), 429)
      const second = await client.send({ key: 'k-1' })
      isFirst(second)
      isReplayOf(await client.send({ key: 'k-1' }), second)
      same(bench.runs, 2, 'it ran once more')
    },
  },
  {
    title: 'an answer that does not say whether it took effect is sent, and is never run again by itself',
    run: async (bench) => {
      const client = await bench.serve({
        options: { outcome: ({ status }) => (status === 503 ? 'ambiguous' : undefined) },
        routes: [bench.orders(() => ({ status: 503, body: 'the bank did not answer' }))],
      })
      isFirst(await client.send({ key: 'k-1' }), 503)
      isProblem(await client.send({ key: 'k-1' }), 409, 'in-doubt')
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'headers that describe the body or the resource are replayed, cookies are not',
    run: async (bench) => {
      const headers = { location: '/orders/1', etag: '"v1"', 'set-cookie': 'session=1', 'x-trace': 't-1' }
      const client = await bench.serve({
        options: { replayHeaders: ['X-Trace'] },
        routes: [bench.orders(() => ({ headers }))],
      })
      const first = await client.send({ key: 'k-1' })
      const again = await client.send({ key: 'k-1' })
      for (const name of ['location', 'etag', 'x-trace'])
        same(
          [first.headers[name], again.headers[name]],
          [headers[name as 'etag'], headers[name as 'etag']],
          name,
        )
      same([first.cookies, again.cookies], [['session=1'], []], 'a cookie is for the first caller')
    },
  },
  {
    title: 'steps that were done are not done again when a keyed handler that threw is tried again',
    needs: 'sees-throws',
    run: async (bench) => {
      let charges = 0
      const client = await bench.serve({
        options: { safety: 'keyed', steps: true },
        routes: [
          bench.orders(async ({ attempt }) => {
            const charge = await attempt?.step('charge', () => (charges += 1))
            if (bench.runs === 1) throw new Error('the warehouse did not answer')
            return { json: { charge } }
          }),
        ],
      })
      same((await client.send({ key: 'k-1' })).status >= 500, true, 'the first caller gets an error')
      const second = await client.send({ key: 'k-1' })
      isFirst(second)
      same([second.text, charges, bench.runs], ['{"charge":1}', 1, 2], 'one charge, two runs')
    },
  },
]
