import { fileURLToPath } from 'node:url'
import { optionInvalid } from '../kernel/errors.ts'
import { redactUrl } from '../kernel/redact.ts'

/** What `onceward demo` can be told. Everything has a default. */
export interface DemoOptions {
  /** A CSV of orders. Default: the bundled one. */
  readonly orders?: string
  /** Only the first so many orders. */
  readonly limit?: number
  /** A whole number from 0 to 2^32 - 1; the same seed gives the same faults. Default 1. */
  readonly seed?: number
  /** 2 to 16, default 6. */
  readonly workers?: number
  /** Where the guarded half keeps its ledger. Default: a SQLite file in the run's folder. */
  readonly store?: string
  /** Use a PostgreSQL server of the demo's own, which ends with it. */
  readonly embeddedPostgres?: boolean
  /** Print the result as JSON on standard output. */
  readonly json?: boolean
  /** Where runs keep their journals. Default `.onceward/demo`. */
  readonly folder?: string
  /** What to do with the ledger that the guarded half leaves behind, before it is closed. */
  readonly afterwards?: Afterwards
}

export interface Afterwards {
  /** As in `LedgerConfig`. */
  readonly recorder: string
  /** Resolves when the ledger is not needed any more. */
  readonly show: (ledger: { readonly url: string; readonly scope: string }) => Promise<void>
}

export interface ParsedDemoOptions {
  readonly ordersPath: string
  readonly limit: number
  readonly seed: number
  readonly workers: number
  readonly store:
    | { readonly kind: 'file' }
    | { readonly kind: 'embedded-postgres' }
    | { readonly kind: 'url'; readonly url: string }
  readonly json: boolean
  readonly folder: string
  readonly afterwards: Afterwards | undefined
}

const defaultSeed = 1
const maxSeed = 2 ** 32 - 1

export function parseDemoOptions(options: DemoOptions): ParsedDemoOptions {
  const { seed = defaultSeed, workers = 6, limit } = options
  return {
    ordersPath: options.orders ?? fileURLToPath(new URL('./data/orders.csv', import.meta.url)),
    limit:
      limit === undefined
        ? Number.POSITIVE_INFINITY
        : wholeNumber('--limit', limit, { min: 1, max: 1_000_000 }),
    seed: wholeNumber('--seed', seed, { min: 0, max: maxSeed }),
    workers: wholeNumber('--workers', workers, { min: 2, max: 16 }),
    store: parseStore(options),
    json: options.json === true,
    folder: options.folder ?? '.onceward/demo',
    afterwards: options.afterwards,
  }
}

function parseStore({ store, embeddedPostgres }: DemoOptions): ParsedDemoOptions['store'] {
  if (store !== undefined && embeddedPostgres === true) {
    throw optionInvalid(
      '--store',
      'left out beside --embedded-postgres, which brings its own',
      redactUrl(store),
    )
  }
  if (embeddedPostgres === true) return { kind: 'embedded-postgres' }
  if (store === undefined) return { kind: 'file' }
  if (/^memory:/i.test(store)) {
    throw optionInvalid(
      '--store',
      'a store that several processes can share: sqlite:./file.db or postgres://…',
      store,
    )
  }
  return { kind: 'url', url: store }
}

function wholeNumber(
  name: string,
  value: unknown,
  bounds: { readonly min: number; readonly max: number },
): number {
  const { min, max } = bounds
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw optionInvalid(name, `a whole number from ${min} to ${max}`, value)
  }
  return value
}
