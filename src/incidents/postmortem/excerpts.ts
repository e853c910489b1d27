import { timestamp } from '../../kernel/time.ts'
import type { Bundle } from '../bundle/bundle.ts'
import type { BundleRow } from '../bundle/row.ts'
import type { PostMortem } from './shape.ts'

const maxExcerpts = 12
const excerptLength = 400

/** How bad a line is by its level; what is below a warning tells of no trouble. */
const levels: readonly RegExp[] = [/^(fatal|crit|emerg|alert|severe)/i, /^err/i, /^warn/i]

/**
 * Lines of logs that tell of trouble: of those alike the one nearest to the onset, the worst first chosen, shown in the order of
 * time.
 */
export function excerptsOf(
  { sources, manifest }: Bundle,
  onsetMs: number | undefined,
): PostMortem['excerpts'] {
  const aroundMs = onsetMs ?? manifest.window.fromMs
  const away = ({ at = 0 }: BundleRow): number => Math.abs(at - aroundMs)
  const badness = ({ level = '' }: BundleRow): number => levels.findIndex((pattern) => pattern.test(level))
  const troubled = sources
    .filter(({ kind }) => kind === 'log')
    .flatMap(({ rows }) => rows)
    .filter((row) => row.message !== undefined && badness(row) >= 0)
  const alike = Map.groupBy(troubled, ({ source, template, message }) => `${source} ${template ?? message}`)
  return [...alike.values()]
    .flatMap((rows) => {
      const [nearest] = rows.toSorted((a, b) => away(a) - away(b))
      return nearest === undefined ? [] : [{ row: nearest, count: rows.length }]
    })
    .toSorted((a, b) => badness(a.row) - badness(b.row) || away(a.row) - away(b.row))
    .slice(0, maxExcerpts)
    .toSorted((a, b) => (a.row.at ?? 0) - (b.row.at ?? 0))
    .map(({ row: { at, source, line, message = '' }, count }) => ({
      ...(at === undefined ? {} : { at: timestamp(at) }),
      source,
      line,
      text: message.slice(0, excerptLength),
      count,
    }))
}
