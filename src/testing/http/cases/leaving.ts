import { randomBytes } from 'node:crypto'
import { check, same } from '../../assert.ts'
import type { AdapterBench } from '../bench.ts'
import type { Client, Received } from '../client.ts'
import type { AdapterCase } from '../contract.ts'
import { isProblem } from '../expect.ts'

const octets = { 'content-type': 'application/octet-stream' }
/** Longer than any of this takes, and shorter than the time after which a handler is given up on. */
const waitMs = 10_000

/** Clients that leave while their answer is streamed. */
export const leavingCases: readonly AdapterCase[] = [
  {
    title:
      'a client that leaves while its answer is streamed is answered when it comes again, and nothing runs again',
    needs: 'streams',
    run: async (bench) => {
      const source = new Source(2)
      const client = await serve(bench, source)
      const again = await leave(client, source)
      if (again.status === 201) isWhole(again, source)
      else isProblem(again, 409, 'in-doubt')
      await source.letGo
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'an answer whose client left while it was streamed is read to its end and kept',
    needs: 'reads-on',
    run: async (bench) => {
      const source = new Source(2)
      const client = await serve(bench, source)
      isWhole(await leave(client, source), source)
      await source.letGo
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title:
      'a client that leaves while a large answer is on its way leaves it in doubt, and its source is let go',
    needs: 'streams',
    run: async (bench) => {
      // It leaves before the bound is crossed, and when the answer is on its way already.
      for (const pauseAt of [0, 1]) {
        const source = new Source(2000, pauseAt)
        const client = await serve(bench, source, 10_000)
        isProblem(await leave(client, source, `k-${pauseAt}`), 409, 'in-doubt')
        await source.letGo
      }
      same(bench.runs, 2, 'each ran once')
    },
  },
]

/** What an answer is read from: it stops behind one of its first pieces until `free`. */
class Source implements AsyncIterable<Uint8Array> {
  readonly piece: Buffer = randomBytes(8000)
  readonly count: number
  readonly #begun = Promise.withResolvers<void>()
  readonly #free = Promise.withResolvers<void>()
  readonly #letGo = Promise.withResolvers<void>()
  readonly #pauseAt: number
  /** The piece has been taken. */
  readonly begun: Promise<void> = this.#begun.promise
  /** It was read to its end, or closed. */
  readonly letGo: Promise<void> = this.#letGo.promise

  constructor(count: number, pauseAt = 0) {
    this.count = count
    this.#pauseAt = pauseAt
  }

  free(): void {
    this.#free.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for (let index = 0; index < this.count; index += 1) {
        // As a source would: each piece in a turn of its own.
        await new Promise((resolve) => setImmediate(resolve))
        yield this.piece
        if (index !== this.#pauseAt) continue
        this.#begun.resolve()
        await this.#free.promise
      }
    } finally {
      this.#letGo.resolve()
    }
  }
}

function serve(bench: AdapterBench, source: Source, maxAnswerBytes = 100_000): Promise<Client> {
  return bench.serve({
    options: { waitMs, maxAnswerBytes },
    routes: [
      bench.orders(() => ({ headers: octets, body: source })),
      { method: 'POST', path: '/others', handle: () => ({}) },
    ],
  })
}

/** Sends, leaves in the middle of the answer, and comes again. */
async function leave(client: Client, source: Source, key = 'k-1'): Promise<Received> {
  await client.sendAndLeave({ key }, source.begun)
  // By the time another request is answered, the service has seen that the client is gone.
  const other = await client.send({ path: '/others' })
  check(other.status === 200, 'the service lives')
  source.free()
  return client.send({ key })
}

function isWhole(received: Received, source: Source): void {
  same(
    [received.status, received.headers['idempotency-replayed'], received.body.byteLength],
    [201, 'true', source.piece.byteLength * source.count],
    'a replay of the whole answer',
  )
}
