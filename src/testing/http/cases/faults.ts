import { randomBytes } from 'node:crypto'
import { check, ContractBroken, same } from '../../assert.ts'
import type { AdapterCase } from '../contract.ts'
import { isFirst, isProblem, isReplayOf } from '../expect.ts'

/** For retries of what the client is told before it is on record. */
const waitMs = 10_000
const octets = { 'content-type': 'application/octet-stream' }

/** Clients that leave, handlers that fail, stores that are out. */
export const faultCases: readonly AdapterCase[] = [
  {
    title: 'a client that leaves while the handler runs is answered when it comes again',
    run: async (bench) => {
      const begun = Promise.withResolvers<void>()
      const free = Promise.withResolvers<void>()
      const client = await bench.serve({
        options: { waitMs: 10_000 },
        routes: [
          bench.orders(async () => {
            begun.resolve()
            await free.promise
            return {}
          }),
          { method: 'POST', path: '/others', handle: () => ({}) },
        ],
      })
      await client.sendAndLeave({ key: 'k-1' }, begun.promise)
      // By the time another request is answered, the service has seen that the client is gone.
      await client.send({ path: '/others' })
      free.resolve()
      const again = await client.send({ key: 'k-1' })
      same(
        [again.status, again.headers['idempotency-replayed'], again.text],
        [201, 'true', '{"run":1}'],
        'a replay',
      )
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a client that leaves before its body is whole has begun nothing',
    run: async (bench) => {
      const client = await bench.serve()
      await client.sendHalf({ key: 'k-1', body: randomBytes(50_000) })
      const body = randomBytes(100)
      const first = await client.send({ key: 'k-1', body })
      isFirst(first)
      isReplayOf(await client.send({ key: 'k-1', body }), first)
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a handler that throws is in doubt: its caller gets an error, and nothing runs again by itself',
    needs: 'sees-throws',
    run: async (bench) => {
      const client = await bench.serve({
        routes: [
          bench.orders(() => {
            throw new Error('secret of the house')
          }),
        ],
      })
      const first = await client.send({ key: 'k-1' })
      check(first.status >= 500, 'the first caller gets an error')
      isProblem(await client.send({ key: 'k-1' }), 409, 'in-doubt')
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'nothing is seen of an answer that fails after its first byte, and nothing runs again',
    needs: 'streams',
    run: async (bench) => {
      const client = await bench.serve({
        routes: [bench.orders(() => ({ headers: octets, body: broken([randomBytes(100)]) }))],
      })
      const first = await client.send({ key: 'k-1' })
      check(first.status >= 500 && !first.isCut, 'the first caller gets an error, whole')
      isProblem(await client.send({ key: 'k-1' }), 409, 'in-doubt')
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'an answer over the bound that fails is cut off, and nothing runs again',
    needs: 'streams',
    run: async (bench) => {
      const all = Array.from({ length: 30 }, () => randomBytes(10_000))
      const client = await bench.serve({
        options: { maxAnswerBytes: 20_000, waitMs },
        routes: [bench.orders(() => ({ headers: octets, body: broken(all) }))],
      })
      const first = await client.send({ key: 'k-1' })
      check(first.isCut, 'the client sees that it is not whole')
      isProblem(await client.send({ key: 'k-1' }), 409, 'in-doubt')
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a handler that never answers is given up on, and nothing runs again by itself',
    run: async (bench) => {
      const client = await bench.serve({
        options: { timeoutMs: 100, waitMs },
        routes: [bench.orders(() => ({ silent: true }))],
      })
      isProblem(await client.send({ key: 'k-1' }), 504, 'no-answer')
      isProblem(await client.send({ key: 'k-1' }), 409, 'in-doubt')
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a handler that answers past its time is not in doubt any more',
    needs: 'sees-late-answers',
    run: async (bench) => {
      const free = Promise.withResolvers<void>()
      const client = await bench.serve({
        options: { timeoutMs: 100, waitMs },
        routes: [bench.orders(() => free.promise.then(() => ({})))],
      })
      isProblem(await client.send({ key: 'k-1' }), 504, 'no-answer')
      isProblem(await client.send({ key: 'k-1' }), 409, 'in-doubt')
      free.resolve()
      const again = await replayed(() => client.send({ key: 'k-1' }))
      same([again.status, again.text, bench.runs], [201, '{"run":1}', 1], 'its answer is replayed')
    },
  },
  {
    title: 'with the store out nothing runs, and afterwards the same request does',
    run: async (bench) => {
      // A store that answers again is given more time than one that never will.
      const patient = await bench.serve()
      const client = await bench.serve({ instance: { storeTimeoutMs: 200 } })
      bench.isOut = true
      const refused = await client.send({ key: 'k-1' })
      isProblem(refused, 503, 'store-unavailable')
      same(bench.runs, 0, 'nothing ran')
      bench.isOut = false
      isFirst(await patient.send({ key: 'k-1' }))
    },
  },
  {
    title: 'with the store out and `onStoreOutage: run` the handler runs, and its answer arrives',
    run: async (bench) => {
      const client = await bench.serve({
        options: { onStoreOutage: 'run' },
        instance: { storeTimeoutMs: 200 },
      })
      bench.isOut = true
      isFirst(await client.send({ key: 'k-1' }))
      same(bench.runs, 1, 'it ran')
    },
  },
]

async function* broken(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const piece of pieces) {
    await new Promise((resolve) => setImmediate(resolve))
    yield piece
  }
  throw new Error('the source broke off')
}

/** Asks until the late answer has been written: the client has no other sign of it. */
async function replayed<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
  for (let asked = 0; asked < 5000; asked += 1) {
    const answer = await send()
    if (answer.status !== 409) return answer
  }
  throw new ContractBroken('a late answer ends the doubt')
}
