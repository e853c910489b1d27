import { fileURLToPath } from 'node:url'
import { messageOf } from '../../kernel/errors.ts'
import { redactUrl } from '../../kernel/redact.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { packageVersion } from '../command.ts'
import { note, writeJson } from '../output.ts'
import { firstSignal } from '../service.ts'
import { loadLogger } from './pino.ts'
import { serveText } from './text.ts'

export interface Serving {
  readonly storeUrl: string
  readonly scope: string
  /** YAML. */
  readonly configText: string
  readonly listen?: string
  readonly json: boolean
}

/** Serves until it is told to stop, and says so. */
export async function serveUntilTold({ storeUrl, scope, configText, listen, json }: Serving): Promise<void> {
  // Loaded here, so that the other commands do not load a server.
  const { readServerConfig, startServer } = await import('../../server/index.ts')
  const config = readServerConfig(configText, { scope, ...(listen === undefined ? {} : { listen }) })
  const stopped = firstSignal()
  const logging = await loadLogger()
  const server = await startServer({
    config,
    store: await openStoreFromUrl(storeUrl),
    version: packageVersion(),
    dashboard: dashboardFolder(),
    doctor: async () => {
      const { examine, reportOf } = await import('../doctor/examine.ts')
      return reportOf(await examine(storeUrl))
    },
    ...logging,
    onError: (error) => void note(messageOf(error)),
  })
  const store = redactUrl(storeUrl)
  await note(serveText(server.url, { config, store, hasLogger: logging.logger !== undefined }))
  if (json) await writeJson({ url: server.url, store, scopes: config.scopes })
  const signal = await stopped
  await note(`${signal}: no new requests; waiting for what runs, ${config.timeouts.graceMs} ms at most`)
  await server.close()
  await note('stopped')
}

/** Beside the compiled code, in the package and in the checkout alike. */
function dashboardFolder(): string {
  const here = import.meta.url
  const path = here.endsWith('.ts') ? '../../../dist/dashboard/' : '../../dashboard/'
  return fileURLToPath(new URL(path, here))
}
