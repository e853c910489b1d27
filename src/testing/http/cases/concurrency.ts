import { check, same } from '../../assert.ts'
import type { AdapterCase } from '../contract.ts'
import { isFirst, isProblem, isReplayOf } from '../expect.ts'

/** Many at once. */
export const concurrencyCases: readonly AdapterCase[] = [
  {
    title:
      'of 20 concurrent requests with one key exactly one runs, and the others are told when to ask again',
    run: async (bench) => {
      const free = Promise.withResolvers<void>()
      const client = await bench.serve({ routes: [bench.orders(() => free.promise.then(() => ({})))] })
      const all = Array.from({ length: 20 }, () => client.send({ key: 'k-1' }))
      await doneOf(all, 19)
      free.resolve()
      const answers = await Promise.all(all)
      const refused = answers.filter((answer) => answer.status === 409)
      same([bench.runs, refused.length], [1, 19], 'one ran, nineteen were refused')
      for (const answer of refused) {
        isProblem(answer, 409, 'in-progress')
        check(Number(answer.headers['retry-after']) >= 1, 'it says when to ask again')
      }
      const first = answers.find((answer) => answer.status === 201)
      check(first !== undefined, 'one was answered')
      isReplayOf(await client.send({ key: 'k-1' }), first)
    },
  },
  {
    title: 'with `waitMs`, of 20 concurrent requests one runs and all get its answer',
    run: async (bench) => {
      const free = Promise.withResolvers<void>()
      const client = await bench.serve({
        options: { waitMs: 10_000 },
        routes: [bench.orders(() => free.promise.then(() => ({})))],
      })
      const all = Array.from({ length: 20 }, () => client.send({ key: 'k-1' }))
      await Promise.race([bench.heard('waiting', 19), ...all])
      free.resolve()
      const answers = await Promise.all(all)
      same(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size, 1, 'all are the same')
      same([bench.runs, answers[0]?.status], [1, 201], 'one ran')
    },
  },
  {
    title: '20 concurrent requests for finished work are all replays',
    run: async (bench) => {
      const client = await bench.serve()
      const first = await client.send({ key: 'k-1' })
      for (const answer of await client.sendMany(20, { key: 'k-1' })) isReplayOf(answer, first)
      same(bench.runs, 1, 'one ran')
    },
  },
  {
    title: 'a key that is in progress and comes with another body is a mismatch first',
    run: async (bench) => {
      const begun = Promise.withResolvers<void>()
      const free = Promise.withResolvers<void>()
      const answer = async (): Promise<object> => {
        begun.resolve()
        await free.promise
        return {}
      }
      const client = await bench.serve({ routes: [bench.orders(answer)] })
      const running = client.send({ key: 'k-1' })
      await begun.promise
      isProblem(await client.send({ key: 'k-1', body: '{"sku":"b-2"}' }), 422, 'key-reused')
      isProblem(await client.send({ key: 'k-1' }), 409, 'in-progress')
      free.resolve()
      isFirst(await running)
    },
  },
  {
    title: '50 keys at once run 50 times, and each is replayed its own answer',
    run: async (bench) => {
      const client = await bench.serve()
      const keys = Array.from({ length: 50 }, (_, index) => `k-${index}`)
      const firsts = await Promise.all(keys.map((key) => client.send({ key })))
      same(
        [bench.runs, new Set(firsts.map(({ text }) => text)).size],
        [50, 50],
        'each ran, with its own answer',
      )
      const again = await Promise.all(keys.map((key) => client.send({ key })))
      for (const [index, first] of firsts.entries()) isReplayOf(again[index] as typeof first, first)
    },
  },
]

/** Resolves when `count` of them are done. */
function doneOf(all: readonly Promise<unknown>[], count: number): Promise<void> {
  return new Promise((resolve) => {
    let done = 0
    const tell = (): void => {
      done += 1
      if (done === count) resolve()
    }
    for (const one of all) one.then(tell, tell)
  })
}
