/** One thing to measure: a contender doing one kind of work at one concurrency. */
export interface Cell {
  readonly group: Group
  readonly contender: ContenderName
  readonly work: WorkName
  readonly concurrency: number
  readonly withSubject: boolean
  /** Only for `pg` with named statements: connections of the pool, `best` until the run has found out. */
  readonly pool?: 16 | 'best'
}

export type Group = 'sqlite' | 'postgres' | 'memory' | 'http' | 'gateway' | 'outbound'
/**
 * `pass`: a request that no proxy has to look at. `call`: a request to a peer that answers. `storm` and `outage`: intents
 * behind layers of callers, where the peer fails 30 % of its calls, or all.
 */
export type WorkName = 'guard' | 'replay' | 'two-steps' | 'pass' | 'call' | 'storm' | 'outage'
export type ContenderName =
  | 'onceward'
  | 'bare-sqlite'
  | 'named-pg'
  | 'pgbench'
  | 'dbos'
  | 'pg-boss'
  | 'powertools'
  | 'node-idempotency'
  | HttpContenderName
  | ProxyName
  | CallerName
  | StormName

/** Services that answer `POST /orders`; a process of its own asks them. */
export const httpContenders = [
  'fastify-bare',
  'fastify-memory',
  'fastify-sqlite',
  'fastify-node-idempotency',
  'express-bare',
  'express-memory',
  'express-sqlite',
  'express-idempotency',
] as const
export type HttpContenderName = (typeof httpContenders)[number]

/** Proxies in front of one service; each is a process of its own. */
export const proxies = ['proxy-bare', 'proxy-nginx', 'gateway-memory', 'gateway-sqlite'] as const
export type ProxyName = (typeof proxies)[number]

/** Clients that call one service over HTTP. */
export const callers = ['undici', 'client', 'client-sqlite', 'got', 'axios', 'fetch'] as const
export type CallerName = (typeof callers)[number]

/** What five layers of callers do about failures; all of them are the outbound client. */
export const storms = ['storm-no-budget', 'storm-budget', 'storm-word'] as const
export type StormName = (typeof storms)[number]

/** What each contender is called in tables and progress. */
export const contenderTitles: Readonly<Record<ContenderName, string>> = {
  onceward: 'Onceward',
  'bare-sqlite': '`node:sqlite`, one transaction each',
  'named-pg': '`pg`, named statements',
  pgbench: '`pgbench -M prepared`',
  dbos: 'DBOS, two-step workflows',
  'pg-boss': 'pg-boss, send + fetch + complete',
  powertools: 'Powertools idempotency, a `Map` behind its cache layer',
  'node-idempotency': '`@node-idempotency/core`, a `Map` as its storage',
  'fastify-bare': 'Fastify, bare',
  'fastify-memory': 'Fastify, Onceward in memory',
  'fastify-sqlite': 'Fastify, Onceward on SQLite',
  'fastify-node-idempotency': 'Fastify, `@node-idempotency/core`, a `Map` as its storage',
  'express-bare': 'Express, bare',
  'express-memory': 'Express, Onceward in memory',
  'express-sqlite': 'Express, Onceward on SQLite',
  'express-idempotency': 'Express, `express-idempotency`, in memory',
  'proxy-bare': 'Bare proxy, `node:http` and undici',
  'proxy-nginx': 'nginx, one worker',
  'gateway-memory': 'Onceward gateway, in memory',
  'gateway-sqlite': 'Onceward gateway, on SQLite',
  undici: 'Bare undici, `request`',
  client: 'Onceward, no ledger',
  'client-sqlite': 'Onceward, every call an effect on SQLite',
  got: 'got',
  axios: 'axios + axios-retry',
  fetch: '`fetch` of Node',
  'storm-no-budget': 'Three attempts at each layer, no budget',
  'storm-budget': 'Onceward, the default budget alone',
  'storm-word': 'Onceward, the default budget, and `x-should-retry: false` from who has retried',
}

export function cellId(cell: Cell): string {
  const subject = cell.withSubject ? ['subject'] : []
  const pool = cell.pool === undefined ? [] : [`pool-${cell.pool}`]
  return [cell.group, cell.contender, cell.work, `c${cell.concurrency}`, ...subject, ...pool].join('/')
}

const concurrencies: readonly number[] = [1, 16, 64, 512]
const both: readonly boolean[] = [false, true]

/**
 * All cells, a reference always right before what it is compared with: a machine that is shared drifts, and so the
 * two sides of a ratio are measured seconds apart.
 */
export function allCells(): readonly Cell[] {
  return [
    ...sqliteCells(),
    ...postgresCells(),
    ...otherCells(),
    ...httpCells(),
    ...gatewayCells(),
    ...outboundCells(),
  ]
}

function sqliteCells(): readonly Cell[] {
  const bare = { group: 'sqlite', contender: 'bare-sqlite', concurrency: 1 } as const
  const ours = { group: 'sqlite', contender: 'onceward' } as const
  const guards = both.flatMap((withSubject): Cell[] => [
    { ...bare, work: 'guard', withSubject },
    ...concurrencies.map((concurrency) => ({ ...ours, work: 'guard' as const, withSubject, concurrency })),
  ])
  const replays = [1, 64, 512].map((concurrency) => ({
    ...ours,
    work: 'replay' as const,
    withSubject: false,
    concurrency,
  }))
  return [...guards, { ...bare, work: 'replay', withSubject: false }, ...replays]
}

function postgresCells(): readonly Cell[] {
  const guards = both.flatMap((withSubject) =>
    concurrencies.flatMap((concurrency): Cell[] => [
      ...(concurrency > 64 ? [] : [pgbench('guard', concurrency, withSubject)]),
      ...named('guard', concurrency, withSubject),
      { group: 'postgres', contender: 'onceward', work: 'guard', withSubject, concurrency },
    ]),
  )
  const replays = [1, 64, 512].flatMap((concurrency): Cell[] => [
    ...(concurrency > 64 ? [] : [pgbench('replay', concurrency, false)]),
    ...named('replay', concurrency, false),
    { group: 'postgres', contender: 'onceward', work: 'replay', withSubject: false, concurrency },
  ])
  return [...guards, ...replays]
}

function pgbench(work: WorkName, concurrency: number, withSubject: boolean): Cell {
  return { group: 'postgres', contender: 'pgbench', work, concurrency, withSubject }
}

/** Below 64 the pool of 16 never fills up, so another size changes nothing. */
function named(work: WorkName, concurrency: number, withSubject: boolean): readonly Cell[] {
  const cell = { group: 'postgres', contender: 'named-pg', work, concurrency, withSubject } as const
  return concurrency <= 16
    ? [{ ...cell, pool: 16 }]
    : [
        { ...cell, pool: 16 },
        { ...cell, pool: 'best' },
      ]
}

/** At 64, where DBOS, pg-boss and the in-memory libraries are at their best, or no worse than elsewhere. */
function otherCells(): readonly Cell[] {
  const at64 = { concurrency: 64, withSubject: false } as const
  const postgres = { ...at64, group: 'postgres' } as const
  const memory = { ...at64, group: 'memory' } as const
  return [
    { ...postgres, contender: 'dbos', work: 'two-steps' },
    { ...postgres, contender: 'onceward', work: 'two-steps' },
    { ...postgres, contender: 'dbos', work: 'replay' },
    { ...postgres, contender: 'pg-boss', work: 'guard' },
    { ...memory, contender: 'powertools', work: 'guard' },
    { ...memory, contender: 'node-idempotency', work: 'guard' },
    { ...memory, contender: 'onceward', work: 'guard' },
    { ...memory, contender: 'powertools', work: 'replay' },
    { ...memory, contender: 'node-idempotency', work: 'replay' },
    { ...memory, contender: 'onceward', work: 'replay' },
  ]
}

/** 64 connections. A bare service does the same, whatever the work is called. */
function httpCells(): readonly Cell[] {
  return (['guard', 'replay'] as const).flatMap((work) =>
    httpContenders.map(
      (contender): Cell => ({ group: 'http', contender, work, concurrency: 64, withSubject: false }),
    ),
  )
}

export const proxiedWorks = ['guard', 'replay', 'pass'] as const

/** 64 connections. A bare proxy does the same with all of them. */
function gatewayCells(): readonly Cell[] {
  return proxiedWorks.flatMap((work) =>
    proxies.map(
      (contender): Cell => ({ group: 'gateway', contender, work, concurrency: 64, withSubject: false }),
    ),
  )
}

/** 64 calls at once; 16 intents at once in the storm, whose calls are counted and not timed. */
function outboundCells(): readonly Cell[] {
  const outbound = { group: 'outbound', withSubject: false } as const
  return [
    ...callers.map((contender): Cell => ({ ...outbound, contender, work: 'call', concurrency: 64 })),
    ...(['storm', 'outage'] as const).flatMap((work) =>
      storms.map((contender): Cell => ({ ...outbound, contender, work, concurrency: 16 })),
    ),
  ]
}
