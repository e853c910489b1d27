import { createOnceward, type EventType, type Onceward, type OncewardOptions } from '../../index.ts'
import type { Store } from '../../ledger/store.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import type {
  AdapterUnderTest,
  RouteAnswer,
  RouteCall,
  RunningService,
  ServiceOptions,
  ServiceRoute,
} from './adapter.ts'
import { Client } from './client.ts'

export interface Served {
  /** Default: `POST /orders`, which answers 201 and counts. */
  readonly routes?: readonly ServiceRoute[]
  readonly options?: ServiceOptions
  readonly instance?: Omit<OncewardOptions, 'store'>
}

/** What a case gets: a service of the adapter under test on an empty store, and a client. */
export class AdapterBench {
  readonly #adapter: AdapterUnderTest
  readonly #running: { readonly service: RunningService; readonly once: Onceward }[] = []
  /** The store of all services of this case; `isOut` makes it silent. */
  readonly store: Store
  isOut = false
  /** How often a handler of this case has run. */
  runs = 0

  constructor(adapter: AdapterUnderTest, store: Store = memoryStore()) {
    this.#adapter = adapter
    const never = <T>(): Promise<T> => new Promise<T>(() => undefined)
    this.store = {
      ...store,
      claim: (requests, lineage) => (this.isOut ? never() : store.claim(requests, lineage)),
      close: () => Promise.resolve(),
    }
  }

  /** Starts a service. Services of one case share the store. */
  async serve(served: Served = {}): Promise<Client> {
    const once = createOnceward({ store: this.store, sweep: false, ...served.instance })
    const service = await this.#adapter.start({
      once,
      options: { ...served.options, onError: () => undefined },
      routes: served.routes ?? [this.orders()],
    })
    this.#running.push({ service, once })
    return new Client(service.url)
  }

  /** `POST /orders`: 201, with the number of the run. */
  orders(answer: (call: RouteCall) => RouteAnswer | Promise<RouteAnswer> = () => ({})): ServiceRoute {
    return this.route('POST', '/orders', answer)
  }

  /** A route that counts its runs; what `answer` does not say is 201 with the number of the run. */
  route(
    method: ServiceRoute['method'],
    path: string,
    answer: (call: RouteCall) => RouteAnswer | Promise<RouteAnswer> = () => ({}),
  ): ServiceRoute {
    return {
      method,
      path,
      handle: async (call) => {
        this.runs += 1
        const run = this.runs
        const given = await answer(call)
        const hasBody = given.body !== undefined || given.json !== undefined || given.status === 204
        return { status: 201, ...(hasBody ? {} : { json: { run } }), ...given }
      },
    }
  }

  /** Resolves when the latest service has told of so many events of this type. */
  heard(type: EventType, count: number): Promise<void> {
    const { once } = this.#running.at(-1) as { readonly once: Onceward }
    let left = count - (once.counts()[type] ?? 0)
    return new Promise((resolve) => {
      if (left <= 0) resolve()
      once.on(type, () => {
        left -= 1
        if (left === 0) resolve()
      })
    })
  }

  async end(): Promise<void> {
    for (const { service, once } of this.#running) {
      await service.close()
      await once.close({ graceMs: 0 })
    }
  }
}
