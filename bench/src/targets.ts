import type { CallerName, Cell, HttpContenderName, ProxyName, StormName } from './cells.ts'
import { cellId } from './cells.ts'
import type { Measurement } from './load.ts'
import { type CellResult, figure, type Results } from './results.ts'

/** A target is a ratio inside one run; calls by intents are one already. */
interface Target {
  readonly id: string
  readonly statement: string
  readonly atLeast?: number
  readonly atMost?: number
  readonly aim?: number
  readonly figure: 'opsPerSecond' | 'p50Ms' | 'callsPerIntent'
  readonly ours: Cell
  /** With more than one, the one that is hardest to beat is taken; with none, the figure is the ratio. */
  readonly references: readonly Cell[]
}

export interface Judged {
  readonly target: Target
  /** Median of the rounds of ours by the median of the reference's. */
  readonly ratio: number
  /** Smallest and largest of the ratios inside one round. */
  readonly spread: readonly [number, number]
  readonly isMet: boolean
  readonly isAimMet?: boolean
}

const postgres = { group: 'postgres', contender: 'onceward' } as const
const sqlite = { group: 'sqlite', contender: 'onceward' } as const

function guard(base: Pick<Cell, 'group' | 'contender'>, concurrency: number, withSubject: boolean): Cell {
  return { ...base, work: 'guard', concurrency, withSubject }
}

function named(cell: Cell): readonly Cell[] {
  const base = { ...cell, contender: 'named-pg' } as const
  const pooled: Cell = { ...base, pool: 16 }
  return cell.concurrency <= 16 ? [pooled] : [pooled, { ...base, pool: 'best' }]
}

function bare(cell: Cell): readonly Cell[] {
  return [{ ...cell, contender: 'bare-sqlite', concurrency: 1 }]
}

const subjects = [
  { withSubject: false, said: 'without a subject' },
  { withSubject: true, said: 'with a subject' },
] as const

export const targets: readonly Target[] = [
  ...subjects.flatMap(({ withSubject, said }): Target[] => {
    const at64 = guard(postgres, 64, withSubject)
    const at512 = guard(postgres, 512, withSubject)
    const one = guard(postgres, 1, withSubject)
    return [
      {
        id: 'pg-64',
        statement: `PostgreSQL, 64 at once, ${said}: operations/s × \`pg\` named`,
        atLeast: 2,
        aim: 2.5,
        figure: 'opsPerSecond',
        ours: at64,
        references: named(at64),
      },
      {
        id: 'pg-512',
        statement: `PostgreSQL, 512 at once, ${said}: operations/s × \`pg\` named`,
        atLeast: 3,
        aim: 4,
        figure: 'opsPerSecond',
        ours: at512,
        references: named(at512),
      },
      {
        id: 'pg-1',
        statement: `PostgreSQL, one at a time, ${said}: latency × \`pg\` named`,
        atMost: 1.2,
        aim: 1.1,
        figure: 'p50Ms',
        ours: one,
        references: named(one),
      },
    ]
  }),
  ...subjects.flatMap(({ withSubject, said }): Target[] => {
    const at64 = guard(sqlite, 64, withSubject)
    const one = guard(sqlite, 1, withSubject)
    const bounds = withSubject ? { atLeast: 8, aim: 12 } : { atLeast: 12, aim: 18 }
    return [
      {
        id: 'sqlite-64',
        statement: `SQLite, 64 at once, ${said}: operations/s × bare \`node:sqlite\``,
        ...bounds,
        figure: 'opsPerSecond',
        ours: at64,
        references: bare(at64),
      },
      {
        id: 'sqlite-1',
        statement: `SQLite, one at a time, ${said}: latency × bare \`node:sqlite\``,
        atMost: 1.2,
        aim: 1.1,
        figure: 'p50Ms',
        ours: one,
        references: bare(one),
      },
    ]
  }),
  ...replayTargets(),
  ...httpTargets(),
  ...gatewayTargets(),
  ...outboundTargets(),
  {
    id: 'dbos',
    statement: 'PostgreSQL, 64 at once: guarded operations/s × DBOS two-step workflows/s',
    atLeast: 20,
    figure: 'opsPerSecond',
    ours: guard(postgres, 64, false),
    references: [{ ...guard(postgres, 64, false), contender: 'dbos', work: 'two-steps' }],
  },
]

function replayTargets(): readonly Target[] {
  const replay = (base: Pick<Cell, 'group' | 'contender'>): Cell => ({
    ...base,
    work: 'replay',
    concurrency: 64,
    withSubject: false,
  })
  const what = { atLeast: 0.8, figure: 'opsPerSecond' } as const
  return [
    {
      ...what,
      id: 'pg-replay',
      statement: 'PostgreSQL, 64 at once: replays/s × bare SELECT by key',
      ours: replay(postgres),
      references: named(replay(postgres)),
    },
    {
      ...what,
      id: 'sqlite-replay',
      statement: 'SQLite, 64 at once: replays/s × bare SELECT by key',
      ours: replay(sqlite),
      references: bare(replay(sqlite)),
    },
  ]
}

function httpTargets(): readonly Target[] {
  const cell = (contender: HttpContenderName, work: 'guard' | 'replay'): Cell => ({
    group: 'http',
    contender,
    work,
    concurrency: 64,
    withSubject: false,
  })
  const works = [
    { work: 'guard', said: 'first calls', atLeast: 0.75 },
    { work: 'replay', said: 'replays', atLeast: 0.9 },
  ] as const
  return works.flatMap(({ work, said, atLeast }): Target[] => [
    {
      id: `http-${work}`,
      statement: `Fastify, in memory: ${said}/s × bare Fastify`,
      atLeast,
      figure: 'opsPerSecond',
      ours: cell('fastify-memory', work),
      references: [cell('fastify-bare', work)],
    },
    {
      id: `http-${work}-node-idempotency`,
      statement: `Fastify, in memory: ${said}/s × \`@node-idempotency/core\``,
      atLeast: 1,
      figure: 'opsPerSecond',
      ours: cell('fastify-memory', work),
      references: [cell('fastify-node-idempotency', work)],
    },
    {
      id: `http-${work}-express-idempotency`,
      statement: `Express, in memory: ${said}/s × \`express-idempotency\``,
      atLeast: 1,
      figure: 'opsPerSecond',
      ours: cell('express-memory', work),
      references: [cell('express-idempotency', work)],
    },
  ])
}

function gatewayTargets(): readonly Target[] {
  const cell = (contender: ProxyName, work: 'guard' | 'pass'): Cell => ({
    group: 'gateway',
    contender,
    work,
    concurrency: 64,
    withSubject: false,
  })
  const works = [
    { work: 'guard', said: 'first calls' },
    { work: 'pass', said: 'unguarded requests' },
  ] as const
  return works.map(({ work, said }) => ({
    id: `gateway-${work}`,
    statement: `Gateway, in memory: ${said}/s × bare proxy`,
    atLeast: 0.7,
    figure: 'opsPerSecond',
    ours: cell('gateway-memory', work),
    references: [cell('proxy-bare', work)],
  }))
}

function outboundTargets(): readonly Target[] {
  const outbound = { group: 'outbound', withSubject: false } as const
  const call = (contender: CallerName): Cell => ({ ...outbound, contender, work: 'call', concurrency: 64 })
  const calls = { figure: 'opsPerSecond', ours: call('client') } as const
  const storm = (contender: StormName, said: string): Target => ({
    id: contender,
    statement: `Outbound, five layers, 30 % failing, ${said}: calls × intents`,
    atMost: 1.3,
    figure: 'callsPerIntent',
    ours: { ...outbound, contender, work: 'storm', concurrency: 16 },
    references: [],
  })
  return [
    {
      ...calls,
      id: 'outbound-undici',
      statement: 'Outbound, no ledger: requests/s × bare undici',
      atLeast: 0.85,
      references: [call('undici')],
    },
    {
      ...calls,
      id: 'outbound-others',
      statement: 'Outbound, no ledger: requests/s × the fastest of got, axios and `fetch`',
      atLeast: 1,
      references: [call('got'), call('axios'), call('fetch')],
    },
    storm('storm-word', 'budget and `x-should-retry: false`'),
    storm('storm-budget', 'budget alone'),
  ]
}

/** Judges the targets whose cells were all measured. */
export function judge(results: Results): readonly Judged[] {
  const found = new Map(results.cells.map((result) => [result.id, result]))
  return targets.flatMap((target) => {
    const ours = found.get(cellId(target.ours))
    const reference = hardest(
      target.references.map((cell) => found.get(cellId(cell))),
      target.figure,
    )
    const mine = figure(ours, target.figure)
    const theirs = target.references.length === 0 ? 1 : figure(reference, target.figure)
    if (ours === undefined || mine === undefined || theirs === undefined) return []
    const ratio = mine / theirs
    const inRounds = ratios(ours, reference, target.figure)
    const met = (bound: number): boolean => (target.atMost === undefined ? ratio >= bound : ratio <= bound)
    const { aim } = target
    return [
      {
        target,
        ratio,
        spread: [Math.min(...inRounds), Math.max(...inRounds)] as const,
        isMet: met((target.atLeast ?? target.atMost) as number),
        ...(aim === undefined ? {} : { isAimMet: met(aim) }),
      },
    ]
  })
}

function hardest(
  references: readonly (CellResult | undefined)[],
  name: keyof Measurement,
): CellResult | undefined {
  const measured = references.filter((one) => one !== undefined)
  const isBetter = (a: number, b: number): boolean => (name === 'opsPerSecond' ? a > b : a < b)
  return measured.reduce<CellResult | undefined>(
    (best, one) =>
      best === undefined || isBetter(figure(one, name) ?? 0, figure(best, name) ?? 0) ? one : best,
    undefined,
  )
}

function ratios(
  ours: CellResult,
  reference: CellResult | undefined,
  name: keyof Measurement,
): readonly number[] {
  return ours.rounds.flatMap((round, index) => {
    const mine = round[name]
    const theirs = reference === undefined ? 1 : reference.rounds[index]?.[name]
    return mine === undefined || theirs === undefined ? [] : [mine / theirs]
  })
}
