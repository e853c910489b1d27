import type { WatchEvent, WatchOptions } from '../../reconcile/index.ts'
import { type StatusLine, statusLine } from '../../testing/status-line.ts'
import { describeEnding, EndedEarly, exitCodeOfEnding, watchForEnd } from '../../testing/ending.ts'
import { exitCodes } from '../exit.ts'
import { write } from '../output.ts'
import { printable } from '../table.ts'
import { parseDuration } from '../values.ts'
import { type AuditCommandOptions, auditOptions } from './options.ts'
import { refText } from './text.ts'

const limitMs = 2_000_000_000

/** Follows the source until Ctrl-C, or to the first alert. With `--json` each event is one line on standard output. */
export async function watch(source: string, typed: AuditCommandOptions, json: boolean): Promise<number> {
  const options: WatchOptions = {
    ...auditOptions(typed),
    ...(typed.cursor !== undefined && { cursor: typed.cursor }),
    ...(typed.every !== undefined && { everyMs: parseDuration(typed.every, '--every') }),
  }
  const { watchDuplicates } = await import('../../reconcile/watch/watch.ts')
  const line = statusLine(process.stderr)
  const controller = new AbortController()
  const end = watchForEnd(limitMs)
  end.guard(new Promise<never>(() => undefined)).catch((error: unknown) => controller.abort(error))
  let alerts = 0
  try {
    for await (const event of watchDuplicates(source, { ...options, signal: controller.signal })) {
      await tell(event, line, json)
      if (event.kind !== 'alert') continue
      alerts++
      if (typed.exitOnAlert === true) return exitCodes.found
    }
    const reason: unknown = controller.signal.reason
    if (reason instanceof EndedEarly) {
      line.note(`onceward audit ${describeEnding(reason.ending)} after ${alerts} alerts`)
      return exitCodeOfEnding(reason.ending)
    }
    return exitCodes.done
  } finally {
    line.close()
    end.close()
  }
}

async function tell(event: WatchEvent, line: StatusLine, json: boolean): Promise<void> {
  line.note(textOf(event))
  if (json) await write(process.stdout, `${JSON.stringify(event)}\n`)
}

function textOf(event: WatchEvent): string {
  switch (event.kind) {
    case 'ready':
      return `Watching ${printable(event.source)}: ${event.duplicateRefs} references are duplicated already.`
    case 'alert':
      return `ALERT ${event.seenAt} ${refText(event.group.ref)} (${event.group.certainty}): ${printable(event.group.reason)}`
    case 'note':
      return printable(event.text)
  }
}
