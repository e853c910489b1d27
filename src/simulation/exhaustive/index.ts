export { configurations, type ExhaustiveSize } from './configurations.ts'
export { exhaust, type ExhaustSettings } from './exhaust.ts'
export type { ExhaustOptions, ExhaustReport, Violation } from './options.ts'
export { exhaustiveText } from './report.ts'
