import type { Command } from 'commander'
import { messageOf } from '../../kernel/errors.ts'
import { profiles } from '../../http/profiles.ts'
import type { GatewayConfig } from '../../gateway/index.ts'
import { redactUrl } from '../../kernel/redact.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { createOnceward } from '../../index.ts'
import { type Globals, setAction, storeCommand } from '../command.ts'
import { firstSignal, readConfigFile } from '../service.ts'
import { exitCodes } from '../exit.ts'
import { refuseOpenDoor, startText } from '../gateway/text.ts'
import { note, writeJson } from '../output.ts'

interface GatewayCommandOptions {
  readonly upstream?: string
  readonly listen?: string
  readonly config?: string
}

export function gatewayCommand(): Command {
  const command = storeCommand(
    'gateway',
    'a reverse proxy that lets each request with a key through to a service once',
  )
    .option('--upstream <url>', 'the service: scheme, host and port')
    .option('--listen <host:port>', 'where to listen (default: 127.0.0.1:4871)')
    .option('--config <file>', 'routes, profiles, limits: YAML, see docs/guide/gateway.md')
  return setAction<GatewayCommandOptions>(command, async ({ globals, options }) => {
    // Loaded here, so that the other commands do not load a proxy.
    const { readGatewayConfig, startGateway } = await import('../../gateway/index.ts')
    const text = options.config === undefined ? '' : await readConfigFile(options.config)
    const { upstream, listen } = options
    const config = readGatewayConfig(text, {
      ...(upstream === undefined ? {} : { upstream }),
      ...(listen === undefined ? {} : { listen }),
    })
    refuseOpenDoor(config)
    const stopped = firstSignal()
    const gateway = await startGateway({
      config,
      openLedger: (operations) => openLedger(globals, config, operations),
      onError: (error) => void note(messageOf(error)),
    })
    await note(startText(gateway.url, config, redactUrl(globals.store)))
    if (globals.json)
      await writeJson({ url: gateway.url, upstream: config.upstream, store: redactUrl(globals.store) })
    const signal = await stopped
    await note(`${signal}: no new requests; waiting for what runs, ${config.timeouts.graceMs} ms at most`)
    await gateway.close()
    await note('stopped')
    return exitCodes.done
  })
}

type Operations = NonNullable<Parameters<typeof createOnceward>[0]['operations']>

/** The answer's bytes as the ledger keeps them, at worst in base64, with their head. */
const keptBytes = (answerBytes: number): number => Math.ceil(answerBytes * 1.4) + 64 * 1024
const libraryResultBytes = 262_144

async function openLedger(globals: Globals, config: GatewayConfig, operations: Operations) {
  const [tombstoneMs] = [config.otherwise, ...config.routes]
    .filter(({ guard }) => guard)
    .flatMap(({ profile }) => profiles[profile].tombstoneMs ?? [])
  const once = createOnceward({
    store: await openStoreFromUrl(globals.store),
    scope: globals.scope,
    operations,
    maxResultBytes: Math.max(libraryResultBytes, keptBytes(config.limits.answerBytes)),
    ...(tombstoneMs === undefined ? {} : { tombstoneMs }),
  })
  try {
    await once.open()
  } catch (error) {
    await once.close()
    throw error
  }
  return once
}
