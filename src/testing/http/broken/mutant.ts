import type {
  AdapterUnderTest,
  RouteAnswer,
  RouteCall,
  RunningService,
  ServiceUnderTest,
} from '../adapter.ts'
import { type Wire, wired } from './wire.ts'

/** An adapter that breaks one promise, and the sentences that must notice. */
export interface AdapterMutant {
  readonly id: string
  /** What it does wrong, in a few words. */
  readonly breaks: string
  /** Titles of contract cases, each of which must reject it. */
  readonly caughtBy: readonly string[]
  readonly broken: BreakAdapter
}

/** Starts a broken service with a good adapter. */
export type BreakAdapter = (adapter: AdapterUnderTest, service: ServiceUnderTest) => Promise<RunningService>

/** Other options than those that were asked for. */
export function withOptions(
  edit: (options: ServiceUnderTest['options']) => ServiceUnderTest['options'],
): BreakAdapter {
  return (adapter, service) => adapter.start({ ...service, options: edit(service.options) })
}

/** Without the options of these names. */
export function without(...names: readonly (keyof ServiceUnderTest['options'])[]): BreakAdapter {
  return withOptions(
    (options) =>
      Object.fromEntries(
        Object.entries(options).filter(([name]) => !names.includes(name as never)),
      ) as typeof options,
  )
}

type Handle = (call: RouteCall) => RouteAnswer | Promise<RouteAnswer>

/** Handlers that see, or answer, something else. */
export function withHandlers(edit: (handle: Handle, service: ServiceUnderTest) => Handle): BreakAdapter {
  return (adapter, service) => {
    const routes = service.routes.map((route) => ({
      ...route,
      handle: edit((call) => route.handle(call), service),
    }))
    return adapter.start({ ...service, routes })
  }
}

type Run = ServiceUnderTest['once']['run']

/** A ledger that is asked something else. */
export function withIntents(edit: (intent: Parameters<Run>[0]) => Parameters<Run>[0]): BreakAdapter {
  return (adapter, service) => {
    const run = ((intent, effect) => service.once.run(edit(intent), effect)) as Run
    const once = new Proxy(service.once, {
      get: (target, name) => {
        const value: unknown = name === 'run' ? run : Reflect.get(target, name)
        return typeof value === 'function' && name !== 'run' ? value.bind(target) : value
      },
    })
    return adapter.start({ ...service, once })
  }
}

/** A wire that changes what goes over it. */
export function onTheWire(wire: Wire): BreakAdapter {
  return async (adapter, service) => wired(await adapter.start(service), wire)
}
