import type { Command } from 'commander'
import { setAction, storeCommand } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { serveUntilTold } from '../server/serve.ts'
import { readConfigFile } from '../service.ts'

interface ServeOptions {
  readonly listen?: string
  readonly config?: string
}

export function serveCommand(): Command {
  const command = storeCommand('serve', 'the control room: an HTTP API and a dashboard on a ledger')
    .option('--listen <host:port>', 'where to listen (default: 127.0.0.1:4870)')
    .option('--config <file>', 'scopes, limits, TLS, jobs: YAML, see docs/guide/serve.md')
  return setAction<ServeOptions>(command, async ({ globals, options }) => {
    const { listen, config } = options
    await serveUntilTold({
      storeUrl: globals.store,
      scope: globals.scope,
      configText: config === undefined ? '' : await readConfigFile(config),
      json: globals.json,
      ...(listen === undefined ? {} : { listen }),
    })
    return exitCodes.done
  })
}
