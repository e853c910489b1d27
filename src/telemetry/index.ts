/** `onceward/telemetry`: spans, metrics and logs of what the ledger does. */
export { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts'
export { type Metric, type MetricName, metricNames, metricOf } from './metric-list.ts'
export type { LoggerLike } from './logs.ts'
export type { OpenTelemetryApi } from './opentelemetry-api.ts'
export type { HistogramSample, Labels, NumberSample, Sample, Source } from './samples.ts'
export type { WatchedClient } from './sources.ts'
