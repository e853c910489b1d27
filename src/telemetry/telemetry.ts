import type { IncomingMessage, ServerResponse } from 'node:http'
import { count, members } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import type { Runtime } from '../kernel/runtime.ts'
import type { SizeWatch } from '../integrity/size-watch.ts'
import type { Onceward } from '../ledger/onceward.ts'
import type { Store } from '../ledger/store.ts'
import { systemRuntime } from '../system.ts'
import { Bounds } from './bounds.ts'
import { exposition, expositionType } from './exposition.ts'
import { instrumented } from './instrumented.ts'
import { Links } from './links.ts'
import { type LoggerLike, logEvent } from './logs.ts'
import { Meter } from './meter.ts'
import type { OpenTelemetryApi } from './opentelemetry-api.ts'
import { Registry } from './registry.ts'
import type { Sample, Sink, Source } from './samples.ts'
import { clientsSource, doubtsSource, sizesSource, type WatchedClient } from './sources.ts'
import { Spans } from './spans.ts'
import { updatesOf } from './updates.ts'

export interface TelemetryOptions {
  /** The module `@opentelemetry/api`: spans and metrics go to the SDK that is registered with it. */
  readonly opentelemetry?: OpenTelemetryApi
  /** A logger of pino's shape: `pino()`. One line for each event. */
  readonly logger?: LoggerLike
  /**
   * With the store of the ledger, spans of runs are kept beside the entries for seven days, one small write more for
   * each run, and a replay in another process is linked to the run it replays. Default: those of this process only.
   */
  readonly links?: Pick<Store, 'records'>
  /** Label values of a metric beyond so many count as `(other)`. Default 100. */
  readonly maxLabelValues?: number
}

/** Metrics, spans and logs of the instances and clients of one process. */
export interface Telemetry {
  /** Gives the instance to use from now on: its calls are timed and traced. Counts and logs follow its events. */
  instrument(once: Onceward): Onceward
  /** Adds a client of `onceward/fetch`, and gives it back. Remove it with `unwatch` when it is closed. */
  watch<C extends WatchedClient>(client: C): C
  unwatch(client: WatchedClient): void
  /** Adds the message sizes of `onceward/integrity`, and gives them back. */
  watchSizes<W extends SizeWatch>(sizes: W): W
  /** Adds what is asked for when somebody reads: samples of metrics of the table. */
  addSource(source: Source): void
  /** All metrics in Prometheus' text format. */
  text(): Promise<string>
  /** Answers GET and HEAD with the metrics, whatever the path: `createServer(telemetry.handler)`. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
}

const maxLinks = 10_000

/** Throws `OPTION_INVALID`, naming the value and what was expected. */
export function createTelemetry(options: TelemetryOptions = {}, runtime: Runtime = systemRuntime): Telemetry {
  const { opentelemetry, logger, links, maxLabelValues = 100 } = members(options, 'options')
  checkShapes(options)
  const bounds = new Bounds(count(maxLabelValues, 'maxLabelValues', { min: 1, max: 10_000 }))
  const registry = new Registry()
  const clients = new Set<WatchedClient>()
  const sources: Source[] = [clientsSource(clients)]
  const read = (): Promise<readonly Sample[]> => readAll(sources, bounds)
  const meter = opentelemetry && new Meter(opentelemetry.metrics.getMeter('onceward'), read)
  const sink = sinkOf(bounds, meter === undefined ? [registry] : [registry, meter])
  const spans = opentelemetry && new Spans(opentelemetry, new Links(maxLinks, links))
  const text = async (): Promise<string> => exposition([...registry.samples(), ...(await read())])

  return {
    instrument: (once) => {
      once.on('*', (event) => {
        for (const { metric, labels, value } of updatesOf(event))
          sink[metric === 'onceward_effect_duration_seconds' ? 'observe' : 'add'](metric, labels, value)
        if (logger !== undefined) logEvent(logger, event)
      })
      sources.push(doubtsSource(once, () => runtime.wallMs()))
      return instrumented(once, { sink, spans, monotonicMs: () => runtime.monotonicMs() })
    },
    watch: (client) => {
      clients.add(client)
      return client
    },
    unwatch: (client) => void clients.delete(client),
    watchSizes: (sizes) => {
      sources.push(sizesSource(sizes))
      return sizes
    },
    addSource: (source) => void sources.push(source),
    text,
    handler: (request, response) => void respond(request, response, text),
  }
}

function sinkOf(bounds: Bounds, sinks: readonly Sink[]): Sink {
  const each =
    (how: keyof Sink): Sink[keyof Sink] =>
    (metric, labels, value) => {
      const bounded = bounds.apply(metric, labels)
      for (const sink of sinks) sink[how](metric, bounded, value)
    }
  return { add: each('add'), observe: each('observe') }
}

/** A source that cannot be read leaves its metrics out, and the others in. */
async function readAll(sources: readonly Source[], bounds: Bounds): Promise<readonly Sample[]> {
  const read = await Promise.all(sources.map(async (source) => source()).map((one) => one.catch(() => [])))
  return read.flat().map((sample) => ({ ...sample, labels: bounds.apply(sample.metric, sample.labels) }))
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  text: () => Promise<string>,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  const body = await text()
  response.writeHead(200, { 'content-type': expositionType, 'cache-control': 'no-store' }).end(body)
}

function checkShapes({ opentelemetry, logger, links }: TelemetryOptions): void {
  if (opentelemetry !== undefined && typeof opentelemetry.trace?.getTracer !== 'function')
    throw optionInvalid('opentelemetry', 'the module @opentelemetry/api', opentelemetry)
  if (logger !== undefined && typeof logger.info !== 'function')
    throw optionInvalid('logger', 'a logger of pino’s shape', logger)
  if (links !== undefined && typeof links.records?.append !== 'function')
    throw optionInvalid('links', 'the store of the ledger', links)
}
