import { type AddressInfo, createServer } from 'node:net'
import { count, milliseconds } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { Address } from './address.ts'
import { ProxiedConnection } from './connection.ts'
import { type ArmedCut, type Cut, Cuts } from './cuts.ts'
import type { Conditions } from './pump.ts'
import type { ProxiedRequest } from './requests.ts'

export interface FaultProxyOptions {
  /** Where connections lead: `{ host, port }`, or the URL of a server (`http://…`, `postgres://…`). */
  readonly target: Address | string
  /** Default: a free one. */
  readonly port?: number
  /** What is spoken. Default: told by the first bytes of each connection. */
  readonly protocol?: ProxiedRequest['protocol'] | 'auto'
}

/** What is wrong with the way for the time being; what is not named stays as it is. */
export interface Impairment {
  /** Added to everything, in each direction. */
  readonly latencyMs?: number
  /** In each direction of each connection. */
  readonly bytesPerSecond?: number
  /** Nothing passes, and nobody is told: connections stay open, and what was sent waits for better times. */
  readonly stalled?: 'requests' | 'replies' | 'both' | 'none'
  /** New connections are reset. */
  readonly refusing?: boolean
}

/** A TCP proxy on the loopback address that brings about, on demand, what networks do. */
export interface FaultProxy {
  readonly host: string
  readonly port: number
  /** `url` with the proxy's address in place of its own. */
  through(url: string): string
  /** Connections that are open. */
  readonly connections: number
  /** Cuts a connection at the next request that matches, once unless told otherwise. */
  cut(cut: Cut): ArmedCut
  /** Resets every connection that is open. Gives how many. */
  reset(): number
  impair(impairment: Impairment): void
  /** Ends every impairment; what was kept back goes on. Cuts that still wait for their request stay. */
  heal(): void
  /** Leads elsewhere from now on. Connections that are open are reset, unless `keeps` says to leave them. */
  retarget(target: Address | string, options?: { readonly keeps?: boolean }): void
  /** Resets what is open and listens no more. */
  close(): Promise<void>
}

const host = '127.0.0.1'
const sound: Required<Impairment> = {
  latencyMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  stalled: 'none',
  refusing: false,
}
const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'postgres:': 5432, 'postgresql:': 5432 }

/** Starts a proxy in front of `target`. Throws `OPTION_INVALID`. */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { protocol = 'auto', port = 0 } = options
  let target = parseTarget(options.target)
  let way = sound
  const cuts = new Cuts()
  const connections = new Set<ProxiedConnection>()
  const conditions = (direction: 'requests' | 'replies'): Conditions => ({
    ...way,
    isStalled: way.stalled === 'both' || way.stalled === direction,
  })
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (way.refusing) return void client.resetAndDestroy()
    const onClosed = (connection: ProxiedConnection): void => void connections.delete(connection)
    connections.add(new ProxiedConnection({ client, target, cuts, conditions, protocol, onClosed }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const change = (next: Required<Impairment>): void => {
    way = next
    for (const connection of connections) connection.flush()
  }
  const reset = (): number => {
    const open = [...connections]
    for (const connection of open) connection.reset()
    return open.length
  }
  const address = server.address() as AddressInfo
  return {
    host,
    port: address.port,
    through: (url) => {
      const { href } = Object.assign(new URL(url), { hostname: host, port: String(address.port) })
      // A path that was not there must not come to be: people put theirs behind it.
      return url.endsWith('/') ? href : href.replace(/\/$/, '')
    },
    get connections() {
      return connections.size
    },
    cut: (cut) => cuts.arm(parseCut(cut)),
    reset,
    impair: (impairment) => change({ ...way, ...parseImpairment(impairment) }),
    heal: () => change(sound),
    retarget: (next, { keeps = false } = {}) => {
      target = parseTarget(next)
      if (!keeps) reset()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        reset()
      }),
  }
}

function parseTarget(target: Address | string): Address {
  if (typeof target !== 'string') {
    if (typeof target?.host !== 'string')
      throw optionInvalid('target.host', 'the name of a host', target?.host)
    return { host: target.host, port: count(target.port, 'target.port', { min: 1, max: 65_535 }) }
  }
  const url = URL.canParse(target) ? new URL(target) : undefined
  const port = Number(url?.port) || defaultPorts[url?.protocol ?? '']
  if (url === undefined || port === undefined)
    throw optionInvalid(
      'target',
      'a URL such as http://127.0.0.1:8080 or postgres://…',
      target.replace(/\/\/.*@/, '//…@'),
    )
  return { host: url.hostname || 'localhost', port }
}

function parseCut(cut: Cut): Cut {
  if (cut?.at !== 'request' && cut?.at !== 'reply')
    throw optionInvalid('cut.at', '"request" or "reply"', cut?.at)
  const { skip = 0, times = 1, afterBytes = 0 } = cut
  count(skip, 'cut.skip', { min: 0, max: 1_000_000 })
  count(times, 'cut.times', { min: 1, max: 1_000_000 })
  count(afterBytes, 'cut.afterBytes', { min: 0, max: 1_000_000 })
  return cut
}

function parseImpairment(impairment: Impairment): Impairment {
  const { latencyMs, bytesPerSecond, stalled = 'none' } = impairment
  if (latencyMs !== undefined) milliseconds(latencyMs, 'latencyMs', 0)
  if (bytesPerSecond !== undefined && !(bytesPerSecond > 0))
    throw optionInvalid('bytesPerSecond', 'a positive number', bytesPerSecond)
  if (!['requests', 'replies', 'both', 'none'].includes(stalled))
    throw optionInvalid('stalled', 'one of requests, replies, both, none', stalled)
  return impairment
}
