import { describe, expect, it } from 'vitest'
import { gate } from '../../test/support/gate.ts'
import { VirtualTime, type VirtualWorker } from '../../test/support/virtual-runtime.ts'
import { type Answer, Lane } from './group-commit.ts'
import { type Reply, StoreFault, type StoreFaultKind } from './store.ts'

interface Request {
  readonly ref: string
  readonly bad?: StoreFaultKind
}

interface Bench {
  readonly time: VirtualTime
  readonly runtime: VirtualWorker
  readonly lane: Lane<Request, string>
  /** The batches that were sent, by ref. */
  readonly sent: string[][]
  readonly faults: string[]
}

type Send = (requests: readonly Request[]) => Promise<Reply<string>>

function echo(requests: readonly Request[]): Promise<Reply<string>> {
  const bad = requests.find((request) => request.bad !== undefined)?.bad
  if (bad !== undefined) return Promise.reject(new StoreFault(bad, 'no'))
  return Promise.resolve({ nowMs: 7, results: requests.map((request) => `${request.ref}!`) })
}

function bench(
  send: Send = echo,
  options: { maxBatch?: number; isClosed?: () => boolean; dropsLate?: boolean } = {},
): Bench {
  const time = new VirtualTime()
  const runtime = time.worker()
  const sent: string[][] = []
  const faults: string[] = []
  const lane = new Lane<Request, string>({
    name: 'claim',
    runtime,
    maxBatch: options.maxBatch ?? 500,
    isClosed: options.isClosed ?? (() => false),
    dropsLate: options.dropsLate ?? false,
    refOf: (request) => request.ref,
    send: (requests) => {
      sent.push(requests.map((request) => request.ref))
      return send(requests)
    },
    onFault: (fault, retried) => faults.push(`${fault.kind}${retried ? ', again' : ''}`),
  })
  return { time, runtime, lane, sent, faults }
}

function refs(count: number): Request[] {
  return Array.from({ length: count }, (_, index) => ({ ref: `${index}` }))
}

async function resultOf(answer: Promise<Answer<string>>): Promise<string> {
  return answer.then(
    ({ result }) => result,
    (error: unknown) => (error as { code: string }).code,
  )
}

describe('a lane', () => {
  it('asks an idle store at once, and sets no timer that outlives the answer', async () => {
    const { lane, sent, time } = bench()
    expect(await lane.ask({ ref: 'a' }, 1000)).toEqual({ result: 'a!', nowMs: 7 })
    expect(sent).toEqual([['a']])
    await expect(time.until(new Promise(() => undefined))).rejects.toThrow('Nothing is left to happen')
  })

  it('sends what came in one turn as one batch', async () => {
    const { lane, sent } = bench()
    const answers = await Promise.all(refs(5).map((request) => lane.ask(request, 1000)))
    expect(answers.map((answer) => answer.result)).toEqual(['0!', '1!', '2!', '3!', '4!'])
    expect(sent).toEqual([['0', '1', '2', '3', '4']])
  })

  it('gathers what comes while a batch is in flight', async () => {
    const door = gate()
    const { lane, sent } = bench(async (requests) => {
      if (requests[0]?.ref === 'first') await door.pass()
      return echo(requests)
    })
    const first = lane.ask({ ref: 'first' }, 1000)
    await door.arrived
    const others = refs(3).map((request) => lane.ask(request, 1000))
    door.open()
    await Promise.all([first, ...others])
    expect(sent).toEqual([['first'], ['0', '1', '2']])
  })

  it.each([
    { dropsLate: true, batches: [['first'], ['fresh']], answers: ['first!', 'STORE_UNAVAILABLE', 'fresh!'] },
    { dropsLate: false, batches: [['first'], ['late', 'fresh']], answers: ['first!', 'late!', 'fresh!'] },
  ])(
    'sends what has waited past its time only where it drops nothing late: $dropsLate',
    async ({ dropsLate, batches, answers }) => {
      const door = gate()
      const send: Send = async (requests) => {
        if (requests[0]?.ref === 'first') await door.pass()
        return echo(requests)
      }
      const { lane, sent, time, runtime } = bench(send, { dropsLate })
      const asked = [resultOf(lane.ask({ ref: 'first' }, 1000))]
      await door.arrived
      asked.push(resultOf(lane.ask({ ref: 'late' }, 1000)))
      runtime.isFrozen = true
      await time.advance(5000)
      runtime.isFrozen = false
      asked.push(resultOf(lane.ask({ ref: 'fresh' }, 1000)))
      door.open()
      expect(await time.until(Promise.all(asked))).toEqual(answers)
      expect(sent).toEqual(batches)
    },
  )

  it('holds a key once in a batch, in the order in which they came', async () => {
    const { lane, sent } = bench()
    const answers = ['a', 'b', 'a', 'a', 'c'].map((ref) => lane.ask({ ref }, 1000))
    await Promise.all(answers)
    expect(sent).toEqual([['a', 'b', 'c'], ['a'], ['a']])
  })

  it('shares out evenly what one batch cannot hold', async () => {
    const { lane, sent } = bench(echo, { maxBatch: 4 })
    await Promise.all(refs(9).map((request) => lane.ask(request, 1000)))
    expect(sent.map((batch) => batch.length)).toEqual([3, 3, 3])
  })

  it.each(['lost', 'unavailable', 'conflict'] as const)(
    'tries again after %s, until it is answered',
    async (kind) => {
      let failures = 3
      const { lane, time, faults } = bench((requests) => {
        failures -= 1
        return failures >= 0 ? Promise.reject(new StoreFault(kind, 'no')) : echo(requests)
      })
      expect(await time.until(resultOf(lane.ask({ ref: 'a' }, 1000)))).toBe('a!')
      expect(faults).toEqual([`${kind}, again`, `${kind}, again`, `${kind}, again`])
    },
  )

  it('sends a lost batch again as it was, and a conflicting one in halves', async () => {
    for (const [kind, batches] of [
      ['lost', [4, 4]],
      ['conflict', [4, 2, 2]],
    ] as const) {
      let failures = 1
      const { lane, time, sent } = bench((requests) => {
        failures -= 1
        return failures >= 0 ? Promise.reject(new StoreFault(kind, 'no')) : echo(requests)
      })
      await time.until(Promise.all(refs(4).map((request) => lane.ask(request, 1000))))
      expect(sent.map((batch) => batch.length)).toEqual(batches)
    }
  })

  it('lets one bad row fail alone', async () => {
    const { lane, time } = bench()
    const requests = refs(9).map(
      (request): Request => (request.ref === '4' ? { ...request, bad: 'rejected' } : request),
    )
    const results = await time.until(
      Promise.all(requests.map((request) => resultOf(lane.ask(request, 1000)))),
    )
    expect(results.filter((result) => result.endsWith('!'))).toHaveLength(8)
    expect(results[4]).toBe('STORE_REJECTED')
    expect(time.elapsedMs).toBe(0)
  })

  it('lets one row that stays in conflict keep nobody else waiting, neither its batch nor who comes later', async () => {
    const { lane, time } = bench()
    const requests = refs(9).map(
      (request): Request => (request.ref === '0' ? { ...request, bad: 'conflict' } : request),
    )
    const answers = requests.map((request) => resultOf(lane.ask(request, 10_000)))
    await time.until(Promise.all(answers.slice(1)))
    expect(await time.until(resultOf(lane.ask({ ref: 'later' }, 1000)))).toBe('later!')
    expect(time.elapsedMs).toBeLessThan(1000)
    expect(await time.until(Promise.resolve(answers[0]))).toBe('STORE_UNAVAILABLE')
    expect(time.elapsedMs).toBeLessThanOrEqual(10_000)
  })

  it('gives up at each deadline, with a coded error', async () => {
    const { lane, time, faults } = bench(() =>
      Promise.reject(new StoreFault('unavailable', 'connection refused')),
    )
    const error: unknown = await time.until(lane.ask({ ref: 'a' }, 500).catch((thrown: unknown) => thrown))
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'The store did not take a claim: connection refused',
      details: { fault: 'unavailable' },
    })
    expect(time.elapsedMs).toBeLessThanOrEqual(500)
    expect(faults.at(-1)).toBe('unavailable')
  })

  it('does not wait for a store that never answers', async () => {
    const { lane, time } = bench(() => new Promise(() => undefined))
    const first = resultOf(lane.ask({ ref: 'a' }, 500))
    await time.advance(100)
    const second = resultOf(lane.ask({ ref: 'b' }, 500))
    expect(await time.until(first)).toBe('STORE_UNAVAILABLE')
    expect(time.elapsedMs).toBe(500)
    expect(await time.until(second)).toBe('STORE_UNAVAILABLE')
    expect(time.elapsedMs).toBeLessThanOrEqual(600)
  })

  it('fails at once with what is incompatible, and with what is no fault of a store', async () => {
    const { lane, time } = bench()
    expect(await resultOf(lane.ask({ ref: 'a', bad: 'incompatible' }, 1000))).toBe('STORE_INCOMPATIBLE')
    const broken = bench(() => Promise.reject(new TypeError('a bug')))
    await expect(broken.lane.ask({ ref: 'a' }, 1000)).rejects.toThrow('a bug')
    expect(time.elapsedMs).toBe(0)
  })

  it('survives a store that throws instead of rejecting', async () => {
    let throws = true
    const { lane } = bench((requests) => {
      if (throws) throw new TypeError('a bug')
      return echo(requests)
    })
    await expect(lane.ask({ ref: 'a' }, 1000)).rejects.toThrow('a bug')
    throws = false
    expect(await resultOf(lane.ask({ ref: 'b' }, 1000))).toBe('b!')
  })

  it('tries nothing again once the store has been closed', async () => {
    const { lane, sent } = bench(() => Promise.reject(new StoreFault('unavailable', 'closed')), {
      isClosed: () => true,
    })
    expect(await resultOf(lane.ask({ ref: 'a' }, 10_000))).toBe('STORE_UNAVAILABLE')
    expect(sent).toHaveLength(1)
  })
})
