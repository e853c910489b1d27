import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { messageOf } from '../../kernel/errors.ts'
import { redactUrl } from '../../kernel/redact.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { packageVersion, setAction, storeCommand } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { note, writeJson } from '../output.ts'
import { serveText } from '../server/text.ts'
import { firstSignal, readConfigFile } from '../service.ts'

interface ServeOptions {
  readonly listen?: string
  readonly config?: string
}

export function serveCommand(): Command {
  const command = storeCommand('serve', 'the control room: an HTTP API and a dashboard on a ledger')
    .option('--listen <host:port>', 'where to listen (default: 127.0.0.1:4870)')
    .option('--config <file>', 'scopes, limits, TLS, jobs: YAML, see docs/guide/serve.md')
  return setAction<ServeOptions>(command, async ({ globals, options }) => {
    // Loaded here, so that the other commands do not load a server.
    const { readServerConfig, startServer } = await import('../../server/index.ts')
    const text = options.config === undefined ? '' : await readConfigFile(options.config)
    const config = readServerConfig(text, {
      scope: globals.scope,
      ...(options.listen === undefined ? {} : { listen: options.listen }),
    })
    const stopped = firstSignal()
    const server = await startServer({
      config,
      store: await openStoreFromUrl(globals.store),
      version: packageVersion(),
      dashboard: dashboardFolder(),
      onError: (error) => void note(messageOf(error)),
    })
    const store = redactUrl(globals.store)
    await note(serveText(server.url, config, store))
    if (globals.json) await writeJson({ url: server.url, store, scopes: config.scopes })
    const signal = await stopped
    await note(`${signal}: no new requests; waiting for what runs, ${config.timeouts.graceMs} ms at most`)
    await server.close()
    await note('stopped')
    return exitCodes.done
  })
}

/** Beside the compiled code, in the package and in the checkout alike. */
function dashboardFolder(): string {
  const here = import.meta.url
  const path = here.endsWith('.ts') ? '../../../dist/dashboard/' : '../../dashboard/'
  return fileURLToPath(new URL(path, here))
}
