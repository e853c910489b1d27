import type { FollowRound } from '../../reconcile/index.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { describeEnding, EndedEarly, exitCodeOfEnding, watchForEnd } from '../../testing/ending.ts'
import { statusLine } from '../../testing/status-line.ts'
import type { Globals } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { write } from '../output.ts'
import { keyText } from '../table.ts'
import { parseCount, parseDuration } from '../values.ts'
import { limitMs } from './compare.ts'
import { type ReconcileCommandOptions, reconcileOptions } from './options.ts'

const shownAlerts = 20

/** Compares until Ctrl-C, or to the last round or first alert. With `--json` each round is one line on standard output. */
export async function follow(typed: ReconcileCommandOptions, globals: Globals): Promise<number> {
  const asked = await reconcileOptions(typed)
  const everyMs = typed.every === undefined ? 60_000 : parseDuration(typed.every, '--every')
  const rounds =
    typed.rounds === undefined ? undefined : parseCount(typed.rounds, '--rounds', { min: 1, max: 1e9 })
  const { followReconcile } = await import('../../reconcile/follow/follow.ts')
  const store = await openStoreFromUrl(globals.store)
  const line = statusLine(process.stderr)
  const controller = new AbortController()
  const end = watchForEnd(limitMs)
  end.guard(new Promise<never>(() => undefined)).catch((error: unknown) => controller.abort(error))
  let isClean = true
  try {
    await store.open()
    const options = {
      ...asked,
      store,
      everyMs,
      signal: controller.signal,
      ...(rounds !== undefined && { rounds }),
      ...(typed.name !== undefined && { name: typed.name }),
    }
    for await (const round of followReconcile(options)) {
      line.note(roundText(round))
      if (globals.json) await write(process.stdout, `${JSON.stringify(round)}\n`)
      isClean = round.report.clean
      if (round.alerts.length > 0 && typed.exitOnAlert === true) return exitCodes.found
    }
    const reason: unknown = controller.signal.reason
    if (!(reason instanceof EndedEarly)) return isClean ? exitCodes.done : exitCodes.found
    line.note(`onceward reconcile ${describeEnding(reason.ending)}`)
    return exitCodeOfEnding(reason.ending)
  } finally {
    line.close()
    end.close()
    await store.close()
  }
}

function roundText({ at, isWhole, report, alerts }: FollowRound): string {
  const { missing, extra, duplicated, uneven, mismatched, pending, left, right } = report
  const what = isWhole ? 'all rows' : 'new rows'
  const head = `${at} ${what} (${left.rows} left, ${right.rows} right): ${report.clean ? 'clean' : 'not clean'}, missing ${missing}, extra ${extra}, duplicated ${duplicated}, uneven ${uneven}, mismatched ${mismatched}, pending ${pending}`
  const lines = alerts
    .slice(0, shownAlerts)
    .map(({ kind, key, left: a, right: b }) => `ALERT ${kind} ${keyText(key)}: ${a} left, ${b} right`)
  const more = alerts.length > shownAlerts ? [`… and ${alerts.length - shownAlerts} more`] : []
  return [head, ...lines, ...more].join('\n')
}
