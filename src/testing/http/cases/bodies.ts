import { randomBytes } from 'node:crypto'
import { check, same } from '../../assert.ts'
import type { AdapterCase } from '../contract.ts'
import { isFirst, isProblem, isReplayOf } from '../expect.ts'

/** Every byte there is, and invalid UTF-8. */
const allBytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256)
/** For retries of what the client is told before it is on record. */
const waitMs = 10_000
const octets = { 'content-type': 'application/octet-stream' }

/** What goes through, there and back. */
export const bodyCases: readonly AdapterCase[] = [
  {
    title: 'a binary answer is replayed byte for byte',
    run: async (bench) => {
      const client = await bench.serve({
        routes: [bench.orders(() => ({ headers: octets, body: allBytes }))],
      })
      const first = await client.send({ key: 'k-1' })
      same(first.body, Buffer.from(allBytes), 'the first is whole')
      isReplayOf(await client.send({ key: 'k-1' }), first)
    },
  },
  {
    title: 'text beyond ASCII, with a byte order mark, is replayed byte for byte',
    run: async (bench) => {
      const headers = { 'content-type': 'text/plain; charset=utf-8' }
      const client = await bench.serve({
        routes: [bench.orders(() => ({ headers, body: '\uFEFFgrüße 😀 "quoted" \\ \n' }))],
      })
      const first = await client.send({ key: 'k-1' })
      isReplayOf(await client.send({ key: 'k-1' }), first)
    },
  },
  {
    title: 'an answer without a body is replayed',
    run: async (bench) => {
      const client = await bench.serve({ routes: [bench.orders(() => ({ status: 204 }))] })
      const first = await client.send({ key: 'k-1' })
      isFirst(first, 204)
      isReplayOf(await client.send({ key: 'k-1' }), first)
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a streamed answer is replayed whole',
    needs: 'streams',
    run: async (bench) => {
      const client = await bench.serve({
        routes: [bench.orders(() => ({ headers: octets, body: pieces([allBytes, allBytes, allBytes]) }))],
      })
      const first = await client.send({ key: 'k-1' })
      same(first.body.byteLength, 1536, 'the first is whole')
      isReplayOf(await client.send({ key: 'k-1' }), first)
    },
  },
  {
    title: 'a streamed answer over the bound is passed on whole, and its replay says that it was not kept',
    needs: 'streams',
    run: async (bench) => {
      const piece = randomBytes(10_000)
      const client = await bench.serve({
        options: { maxAnswerBytes: 20_000, waitMs },
        routes: [
          bench.orders(() => ({ headers: octets, body: pieces(Array.from({ length: 50 }, () => piece)) })),
        ],
      })
      const first = await client.send({ key: 'k-1' })
      isFirst(first)
      same(first.body, Buffer.concat(Array.from({ length: 50 }, () => piece)), 'it arrives whole')
      isProblem(await client.send({ key: 'k-1' }), 410, 'answer-not-kept')
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a whole answer over the bound is passed on, and its replay says that it was not kept',
    run: async (bench) => {
      const body = randomBytes(300_000)
      const routes = [bench.orders(() => ({ headers: octets, body }))]
      const client = await bench.serve({ options: { waitMs }, routes })
      const first = await client.send({ key: 'k-1' })
      isFirst(first)
      same(first.body, body, 'it arrives whole')
      isProblem(await client.send({ key: 'k-1' }), 410, 'answer-not-kept')
    },
  },
  {
    title: 'the handler finds the body of a guarded request whole, small and large, text and binary',
    run: async (bench) => {
      const seen: Uint8Array[] = []
      const answer = ({ body }: { readonly body: Uint8Array }): object => {
        seen.push(body)
        return {}
      }
      const client = await bench.serve({ routes: [bench.orders(answer)] })
      const bodies = ['{"sku":"a-1"}', randomBytes(40), randomBytes(300_000)]
      for (const [index, body] of bodies.entries()) isFirst(await client.send({ key: `k-${index}`, body }))
      isFirst(await client.send({ key: 'k-empty', body: null }))
      same(seen, [...bodies.map((body) => Buffer.from(body as string)), Buffer.alloc(0)], 'each is whole')
    },
  },
  {
    title: 'a body over the bound is refused, and nothing runs',
    run: async (bench) => {
      const client = await bench.serve({ options: { maxBodyBytes: 1000 } })
      const answer = await client.send({ key: 'k-1', body: randomBytes(2000) })
      isProblem(answer, 413, 'body-too-large')
      same(bench.runs, 0, 'nothing ran')
    },
  },
  {
    title: 'one byte more or less in a binary body is another request',
    run: async (bench) => {
      const client = await bench.serve()
      const body = randomBytes(1000)
      isFirst(await client.send({ key: 'k-1', body }))
      isProblem(await client.send({ key: 'k-1', body: body.subarray(1) }), 422, 'key-reused')
      check(bench.runs === 1, 'one ran')
    },
  },
]

async function* pieces(all: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const piece of all) {
    // As a source would: each piece in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve))
    yield piece
  }
}
