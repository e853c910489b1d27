export { configurations, type ExhaustiveSize } from './configurations.ts'
export { exhaust } from './exhaust.ts'
export type { ExhaustOptions, ExhaustReport } from './options.ts'
export { exhaustiveText } from './report.ts'
