import type { Case, CaseSource, Change, ChangeKind, Row } from './case.ts'
import { type Random, randomOf } from './random.ts'
import { blames } from './blames.ts'
import { versionOf } from './world.ts'

/** What comes with every incident and says nothing of its cause. All of it follows from cause and seed. */
export function disturbed(given: Case): Case {
  const random = randomOf(given.seed, given.cause, 'nuisance')
  const kept = given.sources.filter(({ isEssential }) => isEssential || !random.chance(0.3))
  const skewed = random.chance(0.5) ? random.int(0, kept.length - 1) : -1
  const skewMs = random.pick([-1, 1]) * random.int(300, 6000)
  const sources = kept.map((source, at) => {
    const own = random.fork(source.name)
    const noisy = withNoise(source, given, own)
    const shifted = at === skewed ? { ...noisy, rows: noisy.rows.map((row) => moved(row, skewMs)) } : noisy
    return { ...shifted, ...brokenLines(shifted, own) }
  })
  const isStripped = given.isOpaque && random.chance(0.5)
  const changes = withDecoys(given, random.fork('changes'))
  const summary = summaryOf(given, random)
  const { changes: _changes, summary: _summary, ...rest } = given
  return {
    ...rest,
    sources,
    known: isStripped ? {} : given.known,
    ...(changes === undefined ? {} : { changes }),
    ...(summary === undefined ? {} : { summary }),
  }
}

/** The same case, the names of its changes handed round: no ranking may hang on them. */
export function withShuffledNames(given: Case): Case {
  const { changes } = given
  if (changes === undefined || changes.length < 2) return given
  const by = randomOf(given.seed, given.cause, 'names').int(1, changes.length - 1)
  const names = changes.map(({ name }) => name)
  return {
    ...given,
    changes: changes.map((change, at) => ({
      ...change,
      name: names[(at + by) % names.length] ?? change.name,
    })),
  }
}

function moved(row: Row, byMs: number): Row {
  return { ...row, at: row.at + byMs }
}

/** A file of a dozen lines is seldom cut; of the others at most one line in a hundred. */
function brokenLines({ rows, file }: CaseSource, random: Random): { brokenShare?: number } {
  if (file !== undefined || rows.length < 100 || random.chance(0.4)) return {}
  return { brokenShare: random.between(0, 0.01) }
}

function withNoise(source: CaseSource, of: Case, random: Random): CaseSource {
  switch (source.kind) {
    case 'log':
      return { ...source, rows: inOrder([...repeated(source.rows, random), ...otherErrors(of, random)]) }
    case 'requests':
      return random.chance(0.5)
        ? { ...source, rows: inOrder([...source.rows, ...probes(source, random)]) }
        : source
    default:
      return source
  }
}

function inOrder(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => a.at - b.at)
}

/** Shippers of logs deliver at least once. */
function repeated(rows: readonly Row[], random: Random): readonly Row[] {
  const share = random.pick([0, 0, 0.01, 0.05])
  return rows.flatMap((row) => (random.chance(share) ? [row, row] : [row]))
}

const otherMessages: readonly (readonly [string, string])[] = [
  ['ERROR', 'metrics exporter: connection refused'],
  ['WARN', 'cache warmer took longer than expected'],
  ['ERROR', 'thumbnail renderer: unsupported colour profile'],
  ['WARN', 'slow query on table audit_views'],
  ['ERROR', 'feature survey: answer could not be parsed'],
  ['WARN', 'certificate of the staging host ends in 21 days'],
  ['ERROR', 'search index: shard not available, next try in 30 s'],
  ['WARN', 'gc pause above 200 ms'],
]

function otherErrors({ window: { fromMs, toMs } }: Case, random: Random): readonly Row[] {
  const chosen = random.some(otherMessages, random.int(0, 3))
  return chosen.flatMap(([level, message]) =>
    Array.from({ length: random.int(1, 25) }, () => ({ at: random.int(fromMs, toMs), level, message })),
  )
}

/** Others ask the same server: for health, for pages that are gone, for reports that fail. */
function probes({ rows }: CaseSource, random: Random): readonly Row[] {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) return []
  return Array.from({ length: Math.ceil(rows.length * random.between(0.005, 0.03)) }, () => {
    const [endpoint, status] = random.pick([
      ['/health', 200],
      ['/favicon.ico', 404],
      ['/reports/daily', 500],
      ['/metrics', 200],
    ] as const)
    return { at: random.int(first.at, last.at), endpoint, status, durationMs: random.logNormal(8, 0.8) }
  })
}

const decoys: readonly (readonly [ChangeKind, string, string])[] = [
  ['deploy', 'search-frontend', 'new filters on the results page'],
  ['deploy', 'recommendation-model', 'model trained on last week'],
  ['deploy', 'admin-ui', 'table of customers can be sorted'],
  ['deploy', 'base-image', 'security updates of the operating system'],
  ['deploy', 'gateway', 'access log in another format'],
  ['flag', 'winter_banner', 'banner on for everybody'],
  ['flag', 'fast_checkout_layout', 'layout of the form for 20 % of the visitors'],
  ['flag', 'beta_reports', 'reports for the sales team'],
  ['config', 'log-level', 'level of one package to debug'],
  ['config', 'tls-ciphers', 'older ciphers of the public edge off'],
  ['config', 'cdn-cache', 'pictures are kept for a day'],
  ['migration', 'add-index-audit', 'index on the audit table'],
  ['migration', 'drop-unused-columns', 'two columns that nothing reads'],
  ['scale', 'frontend-replicas', 'from 4 to 6'],
]

/** Changes that did nothing: some close to the onset, some anywhere. Without a list of the generator's, often one of these alone. */
function withDecoys(given: Case, random: Random): readonly Change[] | undefined {
  if (given.changes === undefined && random.chance(0.4)) return undefined
  const { fromMs, toMs } = given.window
  const near = random.int(0, 3)
  const chosen = random.some(decoys, near + random.int(1, 3))
  const made = chosen.map(([kind, name, message], at): Change => {
    const close = given.onsetMs + random.pick([-1, -1, 1]) * random.int(20_000, 25 * 60_000)
    const time = at < near ? close : random.int(fromMs, toMs)
    return {
      at: Math.min(toMs, Math.max(fromMs, time)),
      kind,
      name,
      message,
      ...(kind === 'deploy' && random.chance(0.5) ? { version: versionOf(random, given.isOpaque) } : {}),
    }
  })
  return [...(given.changes ?? []), ...made].toSorted((a, b) => a.at - b.at)
}

/** What somebody wrote down at night: nothing, what was seen, or a culprit that it was not. */
function summaryOf({ cause, summary }: Case, random: Random): string | undefined {
  if (random.chance(0.6)) return summary
  const others = blames.filter(({ causes }) => !causes.includes(cause))
  return random.pick(others).sentence
}
