import { check, same } from '../../assert.ts'
import type { AdapterCase } from '../contract.ts'
import { isFirst, isProblem, isReplayOf } from '../expect.ts'

/** What a key is, and what it belongs to. */
export const keyCases: readonly AdapterCase[] = [
  {
    title: 'a key that is required and missing is refused with a link to the documentation',
    run: async (bench) => {
      const client = await bench.serve({ options: { require: true } })
      isProblem(await client.send(), 400, 'key-missing')
      same(bench.runs, 0, 'nothing ran')
    },
  },
  {
    title: 'a malformed key is refused, and so are two lines of the header',
    run: async (bench) => {
      const client = await bench.serve({ options: { profile: 'ietf-07-strict' } })
      for (const key of ['bare', '"open', '""', '12', ':YWJj:', '("a" "b")', '"a", "b"', ['"a"', '"a"']])
        isProblem(await client.send({ key }), 400, 'key-malformed')
      same(bench.runs, 0, 'nothing ran')
    },
  },
  {
    title: 'parameters of a key are allowed and ignored, escapes are decoded',
    run: async (bench) => {
      const client = await bench.serve({ options: { profile: 'ietf-07-strict' } })
      const first = await client.send({ key: String.raw`"k\"1";v=1` })
      isReplayOf(await client.send({ key: String.raw`"k\"1"` }), first)
    },
  },
  {
    title: 'a key with another body is refused, and the first answer stays',
    run: async (bench) => {
      const client = await bench.serve()
      const first = await client.send({ key: 'k-1' })
      isProblem(await client.send({ key: 'k-1', body: '{"sku":"b-2"}' }), 422, 'key-reused')
      isReplayOf(await client.send({ key: 'k-1' }), first)
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'another caller, method or path is other work under the same key',
    run: async (bench) => {
      const client = await bench.serve({
        routes: [bench.orders(), bench.route('PATCH', '/orders'), bench.route('POST', '/refunds')],
      })
      isFirst(await client.send({ key: 'k-1' }))
      isFirst(await client.send({ key: 'k-1', caller: 'b' }))
      isFirst(await client.send({ key: 'k-1', method: 'PATCH' }))
      isFirst(await client.send({ key: 'k-1', path: '/refunds' }))
      same(bench.runs, 4, 'all ran')
    },
  },
  {
    title: 'another parameter in the path is never answered as the first was',
    run: async (bench) => {
      const client = await bench.serve({ routes: [bench.route('POST', '/orders/:id/refunds')] })
      isFirst(await client.send({ key: 'k-1', path: '/orders/1/refunds' }))
      const other = await client.send({ key: 'k-1', path: '/orders/2/refunds' })
      check(other.headers['idempotency-replayed'] === undefined, 'it is no replay')
      check(other.status === 201 || other.status === 422, 'it is other work, or refused')
    },
  },
  {
    title: 'the operation of a route is its template',
    needs: 'knows-templates',
    run: async (bench) => {
      const client = await bench.serve({ routes: [bench.route('POST', '/orders/:id/refunds')] })
      isFirst(await client.send({ key: 'k-1', path: '/orders/1/refunds' }))
      isProblem(await client.send({ key: 'k-1', path: '/orders/2/refunds' }), 422, 'key-reused')
    },
  },
  {
    title: 'two keys with the same body are two pieces of work',
    run: async (bench) => {
      const client = await bench.serve()
      isFirst(await client.send({ key: 'k-1' }))
      isFirst(await client.send({ key: 'k-2' }))
      same(bench.runs, 2, 'both ran')
    },
  },
  {
    title: 'a key may lie in the body',
    run: async (bench) => {
      const client = await bench.serve({ options: { keyFromBody: '/requestId', require: true } })
      const body = '{"requestId":"r-1"}'
      const first = await client.send({ body })
      isReplayOf(await client.send({ body }), first)
      isProblem(await client.send({ body: '{}' }), 400, 'key-missing')
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'fields that are ignored and the order of members do not make another request',
    run: async (bench) => {
      const client = await bench.serve({ options: { ignore: ['/sentAt'] } })
      const first = await client.send({ key: 'k-1', body: '{"a":1,"b":2,"sentAt":1}' })
      isReplayOf(await client.send({ key: 'k-1', body: '{"sentAt":2,"b":2,"a":1}' }), first)
      isProblem(await client.send({ key: 'k-1', body: '{"a":2,"b":2}' }), 422, 'key-reused')
    },
  },
  {
    title: 'three registrations with one natural key, at once and after each other, make one record',
    run: async (bench) => {
      const naturalKey = (_: unknown, body: unknown): readonly string[] => [
        'partner',
        (body as { readonly id: string }).id,
      ]
      const client = await bench.serve({ options: { naturalKey, waitMs: 5_000 } })
      const body = '{"id":"CUST_7890"}'
      const [first, second] = await client.sendMany(2, { body })
      const third = await client.send({ body })
      same(
        [first?.text, second?.text, third.text],
        Array.from({ length: 3 }, () => '{"run":1}'),
        'one answer',
      )
      same(bench.runs, 1, 'one ran')
    },
  },
]
