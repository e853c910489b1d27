import type { RouteAnswer } from '../adapter.ts'
import { type AdapterMutant, onTheWire, withHandlers, without, withOptions } from './mutant.ts'

const keyHeader = 'idempotency-key'

/** Faults, and what is made of them. */
export const faults: readonly AdapterMutant[] = [
  {
    id: 'left-is-undone',
    breaks: 'takes the work of a client that has left for undone',
    caughtBy: [
      'a client that leaves while the handler runs is answered when it comes again',
      'a client that leaves while its answer is streamed is answered when it comes again, and nothing runs again',
      'an answer whose client left while it was streamed is read to its end and kept',
    ],
    broken: (adapter, service) => {
      const left = new Set<unknown>()
      return onTheWire({
        left: ({ headers }) => left.add(String(headers[keyHeader])),
        ask: (request) => {
          const key = String(request.headers[keyHeader])
          return left.has(key)
            ? { ...request, headers: { ...request.headers, [keyHeader]: `${key}-again` } }
            : request
        },
      })(adapter, service)
    },
  },
  {
    id: 'left-is-whole',
    breaks: 'takes an answer whose client has left for one that arrived',
    caughtBy: [
      'a client that leaves while a large answer is on its way leaves it in doubt, and its source is let go',
    ],
    // It reads what the service sends to its end, whoever has left.
    broken: onTheWire({}),
  },
  {
    id: 'half-is-whole',
    breaks: 'runs a request whose body is not whole',
    caughtBy: ['a client that leaves before its body is whole has begun nothing'],
    broken: onTheWire({ ask: (request) => request, isInOrder: true }),
  },
  {
    id: 'throw-is-answer',
    breaks: 'takes what is answered for a handler that threw for its answer',
    caughtBy: [
      'a handler that throws is in doubt: its caller gets an error, and nothing runs again by itself',
    ],
    broken: withHandlers((handle) => async (call) => {
      try {
        return await handle(call)
      } catch {
        return { status: 500 }
      }
    }),
  },
  {
    id: 'broken-off-is-whole',
    breaks: 'takes an answer that broke off for a whole one',
    caughtBy: [
      'nothing is seen of an answer that fails after its first byte, and nothing runs again',
      'an answer over the bound that fails is cut off, and nothing runs again',
    ],
    broken: withHandlers((handle) => async (call) => {
      const answer = await handle(call)
      const { body } = answer
      const isWhole = body === undefined || typeof body === 'string' || body instanceof Uint8Array
      return isWhole ? answer : { ...answer, body: ended(body) }
    }),
  },
  {
    id: 'silence-is-answer',
    breaks: 'answers for a handler that does not',
    caughtBy: ['a handler that never answers is given up on, and nothing runs again by itself'],
    broken: withHandlers((handle) => async (call) => {
      const answer = await handle(call)
      return answer.silent === true ? { status: 200 } : answer
    }),
  },
  {
    id: 'late-answer-altered',
    breaks: 'keeps something else than what was answered late',
    caughtBy: ['a handler that answers past its time is not in doubt any more'],
    broken: withHandlers((handle, { options }) => async (call) => {
      const startMs = Date.now()
      const answer = await handle(call)
      const isLate = Date.now() - startMs > (options.timeoutMs ?? Number.POSITIVE_INFINITY) / 2
      return isLate ? ({ ...answer, json: 'too late' } satisfies RouteAnswer) : answer
    }),
  },
  {
    id: 'runs-in-an-outage',
    breaks: 'runs unguarded while the store is out',
    caughtBy: ['with the store out nothing runs, and afterwards the same request does'],
    broken: withOptions((options) => ({ ...options, onStoreOutage: 'run' })),
  },
  {
    id: 'refuses-in-an-outage',
    breaks: 'refuses while the store is out, whatever it was told',
    caughtBy: ['with the store out and `onStoreOutage: run` the handler runs, and its answer arrives'],
    broken: without('onStoreOutage'),
  },
]

async function* ended(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    for await (const piece of body) yield piece
  } catch {
    // It ends, as if that were all.
  }
}
