import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Onceward } from '../../../src/index.ts'
import { createOnceward } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory/index.ts'
import type {
  AdapterUnderTest,
  ServiceOptions,
  ServiceRoute,
  ServiceUnderTest,
} from '../../../src/testing/index.ts'
import { adapterWith, type NodeServing } from '../adapters/node.ts'
import { caughtBy } from './caught-by.ts'

/** The adapter of `node:http`, broken in one way: some sentence of the contract must notice. */
export interface BrokenAdapter {
  readonly id: string
  readonly breaks: string
  /** Sentences that must reject it. */
  readonly caughtBy: readonly string[]
  readonly adapter: AdapterUnderTest
}

interface Break {
  readonly service?: (service: ServiceUnderTest) => ServiceUnderTest
  readonly serving?: Partial<NodeServing>
}

function broken(id: string, breaks: string, { service, serving }: Break): BrokenAdapter {
  const adapter = adapterWith(serving)
  return {
    id,
    breaks,
    caughtBy: caughtBy[id] ?? [],
    adapter: {
      ...adapter,
      name: id,
      traits: [...adapter.traits, 'knows-templates'],
      start: (given) => adapter.start(service?.(given) ?? given),
    },
  }
}

const withOptions = (change: (options: ServiceOptions) => ServiceOptions): Break => ({
  service: (service) => ({ ...service, options: change(service.options) }),
})

const without = (name: keyof ServiceOptions): Break =>
  withOptions((options) => Object.fromEntries(Object.entries(options).filter(([other]) => other !== name)))

const withRoutes = (change: (route: ServiceRoute) => ServiceRoute): Break => ({
  service: (service) => ({ ...service, routes: service.routes.map(change) }),
})

/** Runs every effect, and knows nothing afterwards. */
function amnesiac(once: Onceward): Onceward {
  let calls = 0
  return {
    ...once,
    run: (intent, effect) => {
      calls += 1
      return once.run({ ...intent, key: ['forgotten', calls] }, effect)
    },
  }
}

const wrapping = (wrap: (listener: RequestListener) => RequestListener): Break => ({ serving: { wrap } })

/** Changes a header of a request before anybody has seen it. */
const withRequest = (change: (request: IncomingMessage) => void): Break =>
  wrapping((listener) => (request, response) => {
    change(request)
    listener(request, response)
  })

/** Changes a response as its last act. */
const withResponse = (change: (response: ServerResponse) => void): Break =>
  wrapping((listener) => (request, response) => {
    const writeHead = response.writeHead.bind(response)
    response.writeHead = ((...args: Parameters<typeof writeHead>) => {
      change(response)
      return writeHead(...args)
    }) as typeof writeHead
    listener(request, response)
  })

export const brokenAdapters: readonly BrokenAdapter[] = [
  broken('runs-each-time', 'runs the handler for each request, whatever its key', {
    service: (service) => ({ ...service, once: amnesiac(service.once) }),
  }),
  broken('own-memory', 'keeps what it knows in its own process', {
    service: (service) => ({ ...service, once: createOnceward({ store: memoryStore(), sweep: false }) }),
  }),
  broken('keys-of-its-own', 'takes all requests without a key for one', {
    ...withRequest((request) => void (request.headers['idempotency-key'] ??= '"none"')),
  }),
  broken(
    'guards-reads',
    'guards GET as well',
    withOptions((options) => ({ ...options, methods: ['GET', 'POST'] })),
  ),
  broken(
    'one-caller',
    'takes all callers for one',
    withRequest((request) => delete request.headers['x-caller']),
  ),
  broken(
    'silent-replays',
    'does not say of a replay that it is one',
    withResponse((response) => response.removeHeader('idempotency-replayed')),
  ),
  broken(
    'replays-everything',
    'calls every answer a replay',
    withResponse((response) => response.setHeader('idempotency-replayed', 'true')),
  ),
  broken(
    'no-links',
    'takes the link off its problems',
    withResponse((response) => response.removeHeader('link')),
  ),
  broken(
    'json-problems',
    'sends problems as plain JSON',
    withResponse((response) => {
      if (response.getHeader('content-type') === 'application/problem+json')
        response.setHeader('content-type', 'application/json')
    }),
  ),
  broken(
    'never-again',
    'does not say when to ask again',
    withResponse((response) => response.removeHeader('retry-after')),
  ),
  broken('optional-keys', 'requires no key', without('require')),
  broken('lenient', 'takes keys that the profile does not allow', without('profile')),
  broken(
    'strict-only',
    'takes no bare keys',
    withOptions((options) => ({ ...options, profile: 'ietf-07-strict' })),
  ),
  broken(
    'body-unseen',
    'does not compare bodies',
    withOptions((options) => ({ ...options, ignore: [], fingerprint: () => 'same' })),
  ),
  broken('body-key-unseen', 'does not look for a key in the body', without('keyFromBody')),
  broken('nothing-ignored', 'ignores no field', without('ignore')),
  broken('no-natural-keys', 'knows no natural keys', without('naturalKey')),
  broken('impatient', 'never waits', without('waitMs')),
  broken(
    'all-final',
    'keeps whatever the handler answers',
    withOptions((options) => ({ ...options, outcome: () => 'final' })),
  ),
  broken(
    'all-free',
    'takes every answer for one in which nothing began',
    withOptions((options) => ({ ...options, outcome: () => 'no-effect' })),
  ),
  broken(
    'all-headers',
    'replays cookies',
    withOptions((options) => ({ ...options, replayHeaders: ['set-cookie', 'x-trace'] })),
  ),
  broken('few-headers', 'replays no header beyond the usual', without('replayHeaders')),
  broken(
    'small-answers',
    'keeps small answers only',
    withOptions((options) => ({ ...options, maxAnswerBytes: 300 })),
  ),
  broken('large-answers', 'keeps answers of any size', {
    service: (service) => ({
      ...service,
      once: createOnceward({ store: memoryStore(), sweep: false, maxResultBytes: 4_000_000 }),
      options: { ...service.options, maxAnswerBytes: 4_000_000 },
    }),
  }),
  broken(
    'large-bodies',
    'takes bodies of any size',
    withOptions((options) => ({ ...options, maxBodyBytes: 4_000_000 })),
  ),
  broken(
    'text-only',
    'takes every answer for text',
    withRoutes((route) => ({
      ...route,
      handle: async (call) => {
        const answer = await route.handle(call)
        return answer.body instanceof Uint8Array
          ? { ...answer, body: Buffer.from(answer.body).toString('utf8') }
          : answer
      },
    })),
  ),
  broken(
    'body-eaten',
    'leaves nothing of the body to the handler',
    withRoutes((route) => ({
      ...route,
      handle: (call) => route.handle({ ...call, body: Buffer.alloc(0) }),
    })),
  ),
  broken(
    'no-steps',
    'does not give the attempt to the handler',
    withRoutes((route) => ({
      ...route,
      handle: (call) => route.handle({ ...call, attempt: undefined }),
    })),
  ),
  broken(
    'throws-swallowed',
    'answers 500 for a handler that threw, as if the handler had',
    withRoutes((route) => ({
      ...route,
      handle: async (call) => {
        try {
          return await route.handle(call)
        } catch {
          return { status: 500 }
        }
      },
    })),
  ),
  broken(
    'streams-cut-short',
    'takes a stream that breaks off for its end',
    withRoutes((route) => ({
      ...route,
      handle: async (call) => {
        const answer = await route.handle(call)
        const { body } = answer
        if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return answer
        return { ...answer, body: quietly(body) }
      },
    })),
  ),
  broken(
    'stops-with-the-client',
    'gives up on a request whose client has left',
    wrapping((listener) => (request, response) => {
      response.on('close', () => {
        if (!response.writableFinished) response.destroy()
      })
      listener(request, response)
    }),
  ),
  broken('begins-early', 'runs the handler before the body is whole', {
    serving: { exchange: { body: () => ({ bytes: new Uint8Array(0) }) } },
  }),
  broken(
    'late-is-lost',
    'does not hear a handler that answers past its time',
    withRoutes((route) => ({
      ...route,
      handle: async (call) => {
        const beganMs = performance.now()
        const answer = await route.handle(call)
        return performance.now() - beganMs > 90 ? { silent: true } : answer
      },
    })),
  ),
  broken(
    'fails-open',
    'runs unguarded while the store is out',
    withOptions((options) => ({ ...options, onStoreOutage: 'run' })),
  ),
  broken('fails-closed', 'never runs unguarded', without('onStoreOutage')),
]

async function* quietly(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } catch {
    // What the client has by now is taken for all.
  }
}
