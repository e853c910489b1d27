import type { Command } from 'commander'
import type { Afterwards } from '../../demo/index.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { baseCommand, jsonOption, setAction, storeOption } from '../command.ts'
import { parseCount } from '../values.ts'

interface DemoCommandOptions {
  readonly orders?: string
  readonly limit?: string
  readonly seed?: string
  readonly workers?: string
  readonly embeddedPostgres?: boolean
  readonly serve?: boolean
  readonly listen?: string
}

/** Neither ONCEWARD_STORE nor ./onceward.db: trying the demo must not fill the ledger that one works with. */
const ownStore = "a SQLite file in the run's folder"

export function demoCommand(): Command {
  const command = baseCommand(
    'demo',
    'a shop with killed workers and impatient clients, without Onceward and with it',
  )
    .option('--orders <file>', 'a CSV of orders (default: the bundled one)')
    .option('--limit <n>', 'only the first so many orders')
    .option('--seed <n>', 'the same seed gives the same faults (default: 1)')
    .option('--workers <n>', 'how many workers the shop has, 2 to 16 (default: 6)')
    .addOption(storeOption(ownStore))
    .option('--embedded-postgres', 'use a PostgreSQL server of its own, which ends with the demo')
    .option('--serve', 'leave the control room open on what the demo has left, until Ctrl-C')
    .option('--listen <host:port>', 'where the control room listens (default: 127.0.0.1:4870)')
    .addOption(jsonOption())
  return setAction<DemoCommandOptions>(command, async ({ globals, given, options }) => {
    if (given.scope !== undefined)
      throw optionInvalid('--scope', 'left out: each demo takes a scope of its own', given.scope)
    const { orders, limit, seed, workers, embeddedPostgres, serve, listen } = options
    if (listen !== undefined && serve !== true) throw optionInvalid('--listen', 'given with --serve', listen)
    // Loaded here, so that the other commands do not load a shop.
    const { runDemo } = await import('../../demo/index.ts')
    const { exitCode } = await runDemo({
      json: globals.json,
      ...(given.store === undefined ? {} : { store: given.store }),
      ...(orders === undefined ? {} : { orders }),
      ...(limit === undefined ? {} : { limit: parseCount(limit, '--limit', { min: 1, max: 1_000_000 }) }),
      ...(seed === undefined ? {} : { seed: parseCount(seed, '--seed', { min: 0, max: 2 ** 32 - 1 }) }),
      ...(workers === undefined ? {} : { workers: parseCount(workers, '--workers', { min: 2, max: 16 }) }),
      ...(embeddedPostgres === true ? { embeddedPostgres } : {}),
      ...(serve === true ? { afterwards: controlRoom(listen) } : {}),
    })
    return exitCode
  })
}

/** The control room on the demo's ledger. Its workers write down what they do, so that it has something to show. */
function controlRoom(listen: string | undefined): Afterwards {
  return {
    recorder: import.meta.resolve('../../server/index.ts'),
    show: async ({ url, scope }) => {
      const { serveUntilTold } = await import('../server/serve.ts')
      const chosen = listen === undefined ? {} : { listen }
      await serveUntilTold({ storeUrl: url, scope, configText: '', json: false, ...chosen })
    },
  }
}
