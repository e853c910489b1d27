import type { HttpAttempt } from '../../../http/index.ts'
import { createOnceward } from '../../../index.ts'
import { memoryStore } from '../../../stores/memory/index.ts'
import type { RouteCall } from '../adapter.ts'
import { faults } from './faults.ts'
import { type AdapterMutant, onTheWire, withHandlers, withIntents, without, withOptions } from './mutant.ts'
import type { WireResponse } from './wire.ts'

const keyHeader = 'idempotency-key'
const replayedHeader = 'idempotency-replayed'

function isReplay({ headers }: WireResponse): boolean {
  return headers[replayedHeader] !== undefined
}

function less(headers: WireResponse['headers'], name: string): WireResponse['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name))
}

/** What becomes of keys. */
const keys: readonly AdapterMutant[] = [
  {
    id: 'key-invented',
    breaks: 'gives requests without a key one of its own',
    caughtBy: ['a request without a key runs each time'],
    broken: onTheWire({
      ask: (request) => ({ ...request, headers: { [keyHeader]: 'invented', ...request.headers } }),
    }),
  },
  {
    id: 'unguarded',
    breaks: 'does not look at keys',
    caughtBy: ['a request with a key runs once, and what comes again is answered as the first was'],
    broken: onTheWire({ ask: (request) => ({ ...request, headers: less(request.headers, keyHeader) }) }),
  },
  {
    id: 'key-not-required',
    breaks: 'passes on what has no key, wherever one is required',
    caughtBy: ['a key that is required and missing is refused with a link to the documentation'],
    broken: without('require'),
  },
  {
    id: 'any-syntax',
    breaks: 'takes bare keys where a structured field is demanded',
    caughtBy: ['a malformed key is refused, and so are two lines of the header'],
    broken: without('profile'),
  },
  {
    id: 'two-lines-one-key',
    breaks: 'takes the first of two lines of the header',
    caughtBy: ['a malformed key is refused, and so are two lines of the header'],
    broken: onTheWire({
      ask: (request) => ({
        ...request,
        headers: { ...request.headers, [keyHeader]: first(request.headers[keyHeader]) },
      }),
    }),
  },
  {
    id: 'escapes-dropped',
    breaks: 'drops the backslashes of a key instead of decoding them',
    caughtBy: ['parameters of a key are allowed and ignored, escapes are decoded'],
    broken: onTheWire({
      ask: (request) => {
        const key = first(request.headers[keyHeader])
        return { ...request, headers: { ...request.headers, [keyHeader]: key?.replaceAll('\\', '') } }
      },
    }),
  },
  {
    id: 'any-body',
    breaks: 'does not compare bodies',
    caughtBy: [
      'a key with another body is refused, and the first answer stays',
      'a key that is in progress and comes with another body is a mismatch first',
      'one byte more or less in a binary body is another request',
    ],
    broken: withOptions((options) => ({ ...options, fingerprint: () => 'the same' })),
  },
  {
    id: 'one-caller',
    breaks: 'lets all callers share their keys',
    caughtBy: ['another caller, method or path is other work under the same key'],
    broken: onTheWire({ ask: (request) => ({ ...request, headers: less(request.headers, 'x-caller') }) }),
  },
  {
    id: 'one-path',
    breaks: 'takes all paths of a template for one',
    caughtBy: ['another parameter in the path is never answered as the first was'],
    broken: onTheWire({
      ask: (request) => ({ ...request, path: request.path.replace(/\d+/, '1') }),
    }),
  },
  {
    id: 'operation-by-request',
    breaks: 'names the operation by all that was sent',
    caughtBy: ['the operation of a route is its template'],
    broken: withIntents((intent) => ({ ...intent, operation: `POST ${String(intent.input).slice(0, 60)}` })),
  },
  {
    id: 'key-by-body',
    breaks: 'names the work by its body instead of its key',
    caughtBy: [
      'two keys with the same body are two pieces of work',
      '50 keys at once run 50 times, and each is replayed its own answer',
    ],
    broken: withIntents((intent) => ({ ...intent, key: String(intent.input).slice(0, 100) })),
  },
  {
    id: 'key-in-body-unread',
    breaks: 'looks for the key in the header alone',
    caughtBy: ['a key may lie in the body'],
    broken: without('keyFromBody'),
  },
  {
    id: 'nothing-ignored',
    breaks: 'compares the fields that are to be left out',
    caughtBy: ['fields that are ignored and the order of members do not make another request'],
    broken: without('ignore'),
  },
  {
    id: 'natural-key-unasked',
    breaks: 'does not ask for natural keys',
    caughtBy: ['three registrations with one natural key, at once and after each other, make one record'],
    broken: without('naturalKey'),
  },
]

/** What is kept, and what comes of it. */
const replays: readonly AdapterMutant[] = [
  {
    id: 'store-of-its-own',
    breaks: 'keeps what has been done in its own process',
    caughtBy: ['a replay is answered by another process on the same store'],
    broken: async (adapter, service) => {
      const once = createOnceward({ store: memoryStore(), sweep: false })
      const running = await adapter.start({ ...service, once })
      return { url: running.url, close: () => running.close().then(() => once.close({ graceMs: 0 })) }
    },
  },
  {
    id: 'client-says-replay',
    breaks: 'calls an answer a replay because the client did',
    caughtBy: ['a header of the client or of the handler does not make an answer a replay'],
    broken: onTheWire({
      answer: (response, { headers }) => {
        const said = headers[replayedHeader]
        return said === undefined
          ? response
          : { ...response, headers: { ...response.headers, [replayedHeader]: said } }
      },
    }),
  },
  {
    id: 'get-guarded',
    breaks: 'guards what changes nothing',
    caughtBy: ['a GET with a key is passed on'],
    broken: withOptions((options) => ({ ...options, methods: ['GET', 'POST', 'PATCH'] })),
  },
  {
    id: 'errors-not-kept',
    breaks: 'runs again what was answered with an error',
    caughtBy: [
      'an error that the handler answers is replayed',
      'an answer that does not say whether it took effect is sent, and is never run again by itself',
    ],
    broken: withOptions((options) => ({
      ...options,
      outcome: ({ status }) => (status >= 400 ? 'no-effect' : undefined),
    })),
  },
  {
    id: 'everything-kept',
    breaks: 'keeps an answer whatever it says of the effect',
    caughtBy: [
      'an answer in which nothing has begun is not kept, and the key stays free',
      'an answer that does not say whether it took effect is sent, and is never run again by itself',
    ],
    broken: without('outcome'),
  },
  {
    id: 'cookies-replayed',
    breaks: 'replays cookies',
    caughtBy: ['headers that describe the body or the resource are replayed, cookies are not'],
    broken: withOptions((options) => ({
      ...options,
      replayHeaders: [...(options.replayHeaders ?? []), 'set-cookie'],
    })),
  },
  {
    id: 'headers-dropped',
    breaks: 'does not replay the headers that it is told to',
    caughtBy: ['headers that describe the body or the resource are replayed, cookies are not'],
    broken: without('replayHeaders'),
  },
  {
    id: 'steps-forgotten',
    breaks: 'does a step again that was done',
    caughtBy: ['steps that were done are not done again when a keyed handler that threw is tried again'],
    broken: withHandlers((handle) => (call) => handle({ ...call, attempt: forgetful(call.attempt) })),
  },
  {
    id: 'silent-replays',
    breaks: 'does not say that a replay is one',
    caughtBy: ['20 concurrent requests for finished work are all replays'],
    broken: onTheWire({
      answer: (response) => ({ ...response, headers: less(response.headers, replayedHeader) }),
    }),
  },
  {
    id: 'no-retry-after',
    breaks: 'does not say when to ask again',
    caughtBy: [
      'of 20 concurrent requests with one key exactly one runs, and the others are told when to ask again',
    ],
    broken: onTheWire({
      answer: (response) => ({ ...response, headers: less(response.headers, 'retry-after') }),
    }),
  },
  {
    id: 'never-waits',
    breaks: 'refuses what could be waited for',
    caughtBy: ['with `waitMs`, of 20 concurrent requests one runs and all get its answer'],
    broken: without('waitMs'),
  },
]

const bodies: readonly AdapterMutant[] = [
  {
    id: 'text-only',
    breaks: 'takes every answer for text',
    caughtBy: ['a binary answer is replayed byte for byte'],
    broken: onTheWire({ answer: (response) => sized(response, Buffer.from(response.body.toString('utf8'))) }),
  },
  {
    id: 'mark-dropped',
    breaks: 'drops the byte order mark of a replay',
    caughtBy: ['text beyond ASCII, with a byte order mark, is replayed byte for byte'],
    broken: onTheWire({
      answer: (response) => (isReplay(response) ? sized(response, response.body.subarray(3)) : response),
    }),
  },
  {
    id: 'bodiless-replayed-as-200',
    breaks: 'replays an answer without a body with another status',
    caughtBy: ['an answer without a body is replayed'],
    broken: onTheWire({
      answer: (response) => (isReplay(response) ? { ...response, status: 200 } : response),
    }),
  },
  {
    id: 'streams-replayed-empty',
    breaks: 'replays an answer without its body',
    caughtBy: ['a streamed answer is replayed whole'],
    broken: onTheWire({
      answer: (response) => (isReplay(response) ? sized(response, Buffer.alloc(0)) : response),
    }),
  },
  {
    id: 'large-answers-cut',
    breaks: 'sends no more of an answer than it keeps',
    caughtBy: [
      'a streamed answer over the bound is passed on whole, and its replay says that it was not kept',
      'a whole answer over the bound is passed on, and its replay says that it was not kept',
    ],
    broken: onTheWire({ answer: (response) => sized(response, response.body.subarray(0, 100_000)) }),
  },
  {
    id: 'large-bodies-cut',
    breaks: 'shows the handler the beginning of a body',
    caughtBy: ['the handler finds the body of a guarded request whole, small and large, text and binary'],
    broken: withHandlers((handle) => (call) => handle({ ...call, body: call.body.subarray(0, 65_536) })),
  },
  {
    id: 'bodies-unbounded',
    breaks: 'takes a body of any size',
    caughtBy: ['a body over the bound is refused, and nothing runs'],
    broken: without('maxBodyBytes'),
  },
]

/** One broken adapter, or several, for each sentence: a suite that accepts one of them cannot fail. */
export const adapterMutants: readonly AdapterMutant[] = [...keys, ...replays, ...bodies, ...faults]

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0]
}

function sized(response: WireResponse, body: Buffer): WireResponse {
  return { ...response, headers: less(response.headers, 'content-length'), body }
}

function forgetful(attempt: HttpAttempt | undefined): RouteCall['attempt'] {
  if (attempt === undefined) return undefined
  const step = (_: string, effect: (attempt: unknown) => unknown): Promise<unknown> =>
    Promise.resolve(effect(attempt))
  return new Proxy(attempt, { get: (target, name) => (name === 'step' ? step : Reflect.get(target, name)) })
}
