import {
  callers,
  type Cell,
  contenderTitles,
  type ContenderName,
  type Group,
  httpContenders,
  proxiedWorks,
  proxies,
  storms,
} from './cells.ts'
import { count } from './progress.ts'
import type { LeakResult } from './leak-result.ts'
import { type CellResult, figure, type Results } from './results.ts'
import { type Judged, judge } from './targets.ts'

/** The tables of RESULTS.md by the name of their marker. */
export function tables(results: Results, leaks: readonly LeakResult[]): Readonly<Record<string, string>> {
  return {
    setting: settingTable(results),
    targets: targetTable(judge(results)),
    postgres: guardTable(results, 'postgres'),
    sqlite: guardTable(results, 'sqlite'),
    latency: latencyTable(results),
    processor: processorTable(results),
    log: logTable(results),
    replays: replayTable(results),
    others: otherTable(results),
    http: httpTable(results),
    gateway: gatewayTable(results),
    outbound: outboundTable(results),
    storm: stormTable(results),
    leak: leakTable(leaks),
  }
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join(
    '\n',
  )
}

function settingTable(results: Results): string {
  const { machine, versions, window, rounds, form, bestPools } = results
  const pools = Object.entries(bestPools).map(([concurrency, size]) => `${size} at ${concurrency}`)
  const settings = Object.entries(results.serverSettings).map(([name, value]) => `\`${name}=${value}\``)
  const rows: readonly (readonly [string, string])[] = [
    ['Run', `${results.startedAt.slice(0, 10)}, ${results.tookSeconds} s`],
    [
      'Processor',
      `${machine.processor}, ${machine.cores} cores (virtual), shared by load generator and server`,
    ],
    ['Memory, kernel, file system', `${machine.memoryGib} GiB, ${machine.kernel}, ${machine.fileSystem}`],
    [
      '4 KiB write + fdatasync',
      `p50 ${machine.syncP50Ms.toFixed(2)} ms, p99 ${machine.syncP99Ms.toFixed(2)} ms`,
    ],
    [
      'Disturbance',
      `load ${machine.loadAtStart.toFixed(1)} before the run, ${(machine.stolen * 100).toFixed(1)} % of processor time stolen during it`,
    ],
    [
      'Measured',
      form === 'build' ? 'the build, as users get it (`npm run build`)' : 'the sources, types stripped',
    ],
    [
      'Per cell',
      `${rounds} rounds of ${window.measureMs / 1000} s after a warm-up of at least ${window.warmMs / 1000} s and 5,000 operations (at most 5 s), each from an empty table; medians`,
    ],
    ['PostgreSQL', `settings that are not its defaults: ${settings.join(', ')}`],
    ...(pools.length === 0
      ? []
      : [['Best pool of `pg`', `${pools.join(', ')} (connections, operations at once)`] as const]),
    [
      'Versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ...(results.skipped.length === 0 ? [] : [['Skipped', results.skipped.join('; ')] as const]),
  ]
  return table(['', ''], rows).replace('--:', '---')
}

function targetTable(judged: readonly Judged[]): string {
  const rows = judged.map(({ target, ratio, spread, isMet, isAimMet }) => {
    const sign = target.atMost === undefined ? '≥' : '≤'
    const bound = `${sign} ${target.atLeast ?? target.atMost} ×`
    const aim = target.aim === undefined ? '' : `${sign} ${target.aim} ×: ${isAimMet === true ? 'yes' : 'no'}`
    const measured = `${times(ratio)} (${times(spread[0])} to ${times(spread[1])})`
    return [target.statement, bound, measured, isMet ? 'yes' : '**no**', aim]
  })
  return table(['', 'Target', 'Measured (rounds)', 'Met', 'Aim'], rows)
}

function times(ratio: number): string {
  return `${ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)} ×`
}

interface Line {
  readonly title: string
  readonly matches: (cell: Cell) => boolean
}

/** Lines of a table, ours last: its reference stands above it. */
function lines(group: Group, work: Cell['work']): readonly Line[] {
  const contenders: readonly ContenderName[] =
    group === 'postgres'
      ? ['pgbench', 'named-pg', 'onceward']
      : group === 'sqlite'
        ? ['bare-sqlite', 'onceward']
        : []
  const subjects = work === 'guard' ? [false, true] : [false]
  return subjects.flatMap((withSubject) =>
    contenders.flatMap((contender): readonly Line[] => {
      const base = (cell: Cell): boolean =>
        cell.group === group &&
        cell.work === work &&
        cell.contender === contender &&
        cell.withSubject === withSubject
      const subject = withSubject ? ', with a subject' : ''
      const title = `${contenderTitles[contender]}${subject}`
      if (contender !== 'named-pg')
        return [{ title: contender === 'onceward' ? `**${title}**` : title, matches: base }]
      return [
        { title: `${title}, pool of 16`, matches: (cell) => base(cell) && cell.pool === 16 },
        { title: `${title}, best pool`, matches: (cell) => base(cell) && cell.pool === 'best' },
      ]
    }),
  )
}

const concurrencies: readonly number[] = [1, 16, 64, 512]

function guardTable(results: Results, group: Group): string {
  return concurrencyTable(results, lines(group, 'guard'), (result) =>
    format(figure(result, 'opsPerSecond'), count),
  )
}

function replayTable(results: Results): string {
  const rows = [...lines('postgres', 'replay'), ...lines('sqlite', 'replay')]
  return concurrencyTable(results, rows, (result) => format(figure(result, 'opsPerSecond'), count))
}

function processorTable(results: Results): string {
  const rows = [...lines('postgres', 'guard'), ...lines('sqlite', 'guard')]
  return concurrencyTable(results, rows, (result) => format(figure(result, 'processorUsPerOp'), count))
}

function logTable(results: Results): string {
  const rows = [...lines('postgres', 'guard'), ...lines('sqlite', 'guard')]
  return concurrencyTable(results, rows, (result) => format(figure(result, 'logBytesPerOp'), count))
}

function concurrencyTable(
  results: Results,
  rows: readonly Line[],
  show: (result: CellResult | undefined) => string,
): string {
  const filled = rows.map(({ title, matches }) => [
    title,
    ...concurrencies.map((concurrency) =>
      show(results.cells.find(({ cell }) => matches(cell) && cell.concurrency === concurrency)),
    ),
  ])
  return table(
    ['At once', ...concurrencies.map(String)],
    filled.filter((row) => row.slice(1).some((text) => text !== '')),
  )
}

function latencyTable(results: Results): string {
  const wanted = results.cells.filter(
    ({ cell }) => cell.work === 'guard' && (cell.group === 'postgres' || cell.group === 'sqlite'),
  )
  const ours = wanted.filter(({ cell }) => cell.contender === 'onceward')
  const references = wanted.filter(
    ({ cell }) => cell.concurrency === 1 && cell.contender !== 'onceward' && cell.contender !== 'pg-boss',
  )
  const rows = [...ours, ...references].map((result) => {
    const { cell } = result
    const ms = (name: Parameters<typeof figure>[1]): string =>
      format(figure(result, name), (value) => value.toFixed(2))
    const where = cell.group === 'postgres' ? 'PostgreSQL' : 'SQLite'
    const subject = cell.withSubject ? ', with a subject' : ''
    const title = `${where}: ${contenderTitles[cell.contender]}${subject}`
    return [
      title,
      String(cell.concurrency),
      ms('claimP50Ms'),
      ms('claimP99Ms'),
      ms('p50Ms'),
      ms('p99Ms'),
      ms('meanMs'),
    ]
  })
  return table(['ms', 'At once', 'claim to effect p50', 'p99', 'whole operation p50', 'p99', 'mean'], rows)
}

function otherTable(results: Results): string {
  const others = results.cells.filter(
    ({ cell }) => !(['sqlite', 'http', 'gateway', 'outbound'].includes(cell.group) || isReference(cell)),
  )
  const rows = others.map((result) => {
    const { cell } = result
    const where = cell.group === 'postgres' ? 'PostgreSQL' : 'in memory'
    const what = { guard: 'new operations', replay: 'replays', 'two-steps': 'two steps' }[
      cell.work as 'guard' | 'replay' | 'two-steps'
    ]
    const rate = format(figure(result, 'opsPerSecond'), count)
    return [
      `${what}, ${where}: ${contenderTitles[cell.contender]}`,
      rate,
      format(figure(result, 'p50Ms'), (value) => value.toFixed(2)),
    ]
  })
  return table(['At 64 at once', 'per second', 'p50 ms'], rows)
}

function httpTable(results: Results): string {
  const rows = httpContenders.map((contender) => {
    const found = (work: 'guard' | 'replay'): CellResult | undefined =>
      results.cells.find(({ cell }) => cell.contender === contender && cell.work === work)
    const figures = [found('guard'), found('replay')].flatMap((result) => [
      format(figure(result, 'opsPerSecond'), count),
      format(figure(result, 'p99Ms'), (value) => value.toFixed(2)),
      format(figure(result, 'processorUsPerOp'), (value) => value.toFixed(0)),
    ])
    return [contenderTitles[contender], ...figures]
  })
  const head = ['first calls/s', 'p99 ms', 'processor µs', 'replays/s', 'p99 ms', 'processor µs']
  return table(['64 connections', ...head], rows)
}

const notMeasured = 'Not measured in this run.'

function gatewayTable(results: Results): string {
  const measured = proxies.filter((name) => results.cells.some(({ cell }) => cell.contender === name))
  if (measured.length === 0) return notMeasured
  const rows = measured.map((contender) => [
    contenderTitles[contender],
    ...proxiedWorks.flatMap((work) => {
      const result = results.cells.find(({ cell }) => cell.contender === contender && cell.work === work)
      return [
        format(figure(result, 'opsPerSecond'), count),
        format(figure(result, 'p99Ms'), (value) => value.toFixed(2)),
        format(figure(result, 'processorUsPerOp'), (value) => value.toFixed(0)),
      ]
    }),
  ])
  const head = ['first calls/s', 'replays/s', 'GET/s'].flatMap((rate) => [rate, 'p99 ms', 'processor µs'])
  return table(['64 connections', ...head], rows)
}

function outboundTable(results: Results): string {
  const found = (name: ContenderName): CellResult | undefined =>
    results.cells.find(({ cell }) => cell.contender === name)
  const measured = callers.filter((name) => found(name) !== undefined)
  if (measured.length === 0) return notMeasured
  const bare = figure(found('undici'), 'opsPerSecond')
  const rows = measured.map((name) => {
    const rate = figure(found(name), 'opsPerSecond')
    return [
      contenderTitles[name],
      format(rate, count),
      bare === undefined || name === 'undici' ? '' : format(rate, (value) => (value / bare).toFixed(2)),
      ...(['p50Ms', 'p99Ms'] as const).map((of) =>
        format(figure(found(name), of), (value) => value.toFixed(2)),
      ),
      format(figure(found(name), 'processorUsPerOp'), (value) => value.toFixed(0)),
    ]
  })
  return table(['POST, 64 at once', 'requests/s', '× bare undici', 'p50 ms', 'p99 ms', 'processor µs'], rows)
}

function stormTable(results: Results): string {
  const measured = storms.filter((name) => results.cells.some(({ cell }) => cell.contender === name))
  if (measured.length === 0) return notMeasured
  const rows = measured.map((contender) => [
    contenderTitles[contender],
    ...(['storm', 'outage'] as const).flatMap((work) => {
      const result = results.cells.find(({ cell }) => cell.contender === contender && cell.work === work)
      return [
        format(figure(result, 'callsPerIntent'), (value) => value.toFixed(2)),
        format(figure(result, 'succeeded'), (value) => `${(value * 100).toFixed(0)} %`),
      ]
    }),
  ])
  const head = ['30 % fail', 'all fail'].flatMap((said) => [`${said}: calls an intent`, 'answered'])
  return table(['Five layers of callers', ...head], rows)
}

/** Those stand in tables of their own; ours at 64 stands in both. */
function isReference(cell: Cell): boolean {
  if (cell.contender === 'pgbench' || cell.contender === 'named-pg') return true
  return (
    cell.contender === 'onceward' &&
    cell.group === 'postgres' &&
    (cell.concurrency !== 64 || cell.withSubject)
  )
}

function leakTable(leaks: readonly LeakResult[]): string {
  const rows = leaks.map((leak) => {
    const mib = (bytes: number | undefined): string => `${((bytes ?? 0) / 2 ** 20).toFixed(1)} MiB`
    const [first] = leak.samples
    const last = leak.samples.at(-1)
    return [
      `${leak.store}, Node ${leak.node}, ${leak.startedAt.slice(0, 10)}`,
      leak.operations.toLocaleString('en-US'),
      `${leak.tookSeconds} s`,
      `${mib(first?.heapBytes)} → ${mib(last?.heapBytes)}`,
      `${leak.bytesPerOperation.toFixed(3)} (limit ${leak.limitBytesPerOperation})`,
      leak.isFlat ? 'yes' : '**no**',
    ]
  })
  return table(
    ['Store', 'Operations', 'Took', 'Heap after collection', 'Bytes kept per operation', 'Flat'],
    rows,
  )
}

function format(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? '' : show(value)
}
