import { parseArgs } from 'node:util'
import { allCells, type Cell, cellId } from './cells.ts'
import type { ProductForm } from './product.ts'

export type Command =
  | {
      readonly kind: 'suite'
      readonly cells: readonly Cell[]
      readonly isQuick: boolean
      readonly isWhole: boolean
      readonly form: ProductForm
    }
  | { readonly kind: 'leak'; readonly store: string; readonly operations: number; readonly form: ProductForm }
  | { readonly kind: 'profile'; readonly cell: Cell; readonly seconds: number; readonly form: ProductForm }
  | { readonly kind: 'server'; readonly isQuick: boolean; readonly rows: number; readonly form: ProductForm }
  | { readonly kind: 'files'; readonly isQuick: boolean; readonly rows: number; readonly form: ProductForm }
  | {
      readonly kind: 'triage'
      readonly seeds: number
      readonly isHeldOut: boolean
      readonly only: readonly string[]
      readonly show?: number
    }
  | { readonly kind: 'render' }
  | { readonly kind: 'list' }
  | { readonly kind: 'help' }

export class UsageError extends Error {}

export const usage = `npm run bench                    everything, about 15 minutes; writes bench/results.json and bench/RESULTS.md
npm run bench -- --quick         one short round, to see that it works; writes neither
npm run bench -- --only NAME     the cells whose id holds NAME (more than once: any of them); writes neither;
                                 gateway/ for the gateway beside other proxies, outbound/ for the outbound client beside
                                 others and a storm of retries
npm run bench -- list            the ids of all cells
npm run bench -- leak            10 million operations, and whether memory stays flat; writes bench/leak.json
                                 --store memory|sqlite|postgres, --operations N
npm run bench -- profile         where the time of a guarded operation goes
                                 --only NAME (one of Onceward's cells), --seconds N
npm run bench -- files           duplicates in a file, differences of two and triage of a gigabyte, beside DuckDB, SQLite
                                 and a Map, about 4 minutes; writes bench/files.json; --rows N, --quick (writes nothing)
npm run bench -- server          the control room: effects, very many entries, its live feed, about 8 minutes; writes
                                 bench/server.json; --rows N, --quick (writes nothing)
npm run bench -- triage          causes of made incidents, ranked; 20 tuning seeds of each cause, about 3 minutes; writes
                                 bench/triage.json; --seeds N, --held-out (seeds that nothing is tuned to),
                                 --only D05 (writes nothing), --show SEED (writes the bundles of that seed to bench/.runs/)
npm run bench -- render          bench/results.json and bench/leak.json into bench/RESULTS.md
--sources                        measure the TypeScript sources instead of the build; those in the folder
                                 ONCEWARD_BENCH_SOURCES (below bench/) where it is set
`

export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const [name = 'suite', ...rest] = positionals
  if (values.help === true) return { kind: 'help' }
  if (rest.length > 0) throw new UsageError(`one command at a time, got ${positionals.join(' ')}`)
  const form = values.sources === true ? 'sources' : 'build'
  const only = values.only ?? []
  switch (name) {
    case 'suite': {
      const isQuick = values.quick === true
      return { kind: 'suite', cells: select(only), isQuick, isWhole: !isQuick && only.length === 0, form }
    }
    case 'leak':
      return {
        kind: 'leak',
        store: storeOf(values.store),
        operations: positive(values.operations ?? '10000000', '--operations'),
        form,
      }
    case 'profile':
      return {
        kind: 'profile',
        cell: profiled(only),
        seconds: positive(values.seconds ?? '5', '--seconds'),
        form,
      }
    case 'files':
    case 'server': {
      const isQuick = values.quick === true
      const rows = positive(values.rows ?? (isQuick ? '200000' : '10000000'), '--rows')
      return { kind: name, isQuick, rows, form }
    }
    case 'triage':
      return {
        kind: 'triage',
        seeds: positive(values.seeds ?? '20', '--seeds'),
        isHeldOut: values['held-out'] === true,
        only,
        ...(values.show === undefined ? {} : { show: positive(values.show, '--show') }),
      }
    case 'render':
    case 'list':
      return { kind: name }
    default:
      throw new UsageError(
        `there is no command ${name}: leak, profile, files, server, triage, render and list, or none for the whole suite`,
      )
  }
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<typeof config>> {
  try {
    return parseArgs({ ...config, args: [...args] })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

const config = {
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    sources: { type: 'boolean' },
    store: { type: 'string' },
    operations: { type: 'string' },
    seconds: { type: 'string' },
    rows: { type: 'string' },
    seeds: { type: 'string' },
    show: { type: 'string' },
    'held-out': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
} as const

function select(only: readonly string[]): readonly Cell[] {
  const all = allCells()
  if (only.length === 0) return all
  const found = all.filter((cell) => only.some((part) => cellId(cell).includes(part)))
  if (found.length === 0)
    throw new UsageError(
      `no cell has an id with ${only.join(' or ')} in it; \`npm run bench -- list\` shows them`,
    )
  return found
}

function profiled(only: readonly string[]): Cell {
  const wanted = only.length === 0 ? ['sqlite/onceward/guard/c64'] : only
  const cell = select(wanted).find((one) => one.contender === 'onceward')
  if (cell === undefined)
    throw new UsageError(`none of Onceward's cells has an id with ${wanted.join(' or ')} in it`)
  return cell
}

function storeOf(given = 'memory'): string {
  if (['memory', 'sqlite', 'postgres'].includes(given)) return given
  throw new UsageError(`--store must be memory, sqlite or postgres, got ${given}`)
}

function positive(text: string, name: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new UsageError(`${name} must be a positive whole number, got ${text}`)
}
