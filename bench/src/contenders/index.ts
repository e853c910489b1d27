import type { ContenderName } from '../cells.ts'
import type { Contender, Setting } from './contender.ts'

/** Loads a contender's own module alone: each runs in a process without the others. */
export async function makeContender(name: ContenderName, setting: Setting): Promise<Contender> {
  switch (name) {
    case 'onceward':
      return (await import('./onceward.ts')).oncewardContender(setting)
    case 'bare-sqlite':
      return (await import('./bare-sqlite.ts')).bareSqliteContender(setting)
    case 'named-pg':
      return (await import('./named-pg.ts')).namedPgContender(setting)
    case 'pgbench':
      return (await import('./pgbench.ts')).pgbenchContender(setting)
    case 'dbos':
      return (await import('./dbos.ts')).dbosContender(setting)
    case 'pg-boss':
      return (await import('./pg-boss.ts')).pgBossContender(setting)
    case 'powertools':
      return (await import('./in-memory.ts')).powertoolsContender()
    case 'node-idempotency':
      return (await import('./in-memory.ts')).nodeIdempotencyContender()
    case 'proxy-bare':
    case 'proxy-nginx':
    case 'gateway-memory':
    case 'gateway-sqlite':
      return (await import('./proxy.ts')).proxyContender(name, setting)
    case 'undici':
    case 'client':
    case 'client-sqlite':
    case 'got':
    case 'axios':
    case 'fetch':
      return (await import('./caller.ts')).callerContender(name, setting)
    case 'storm-no-budget':
    case 'storm-budget':
    case 'storm-word':
      return (await import('./storm.ts')).stormContender(name, setting)
    default:
      return (await import('./http.ts')).httpContender(name, setting)
  }
}
