import { describeEnding, EndedEarly, exitCodeOfEnding, watchForEnd } from '../testing/ending.ts'
import { type StatusLine, statusLine } from '../testing/status-line.ts'
import { writeJson } from './output.ts'

/** What a long command has come to. */
export interface Ended {
  readonly exitCode: number
  /** For `--json`. */
  readonly document: unknown
  /** For people. */
  readonly text: string
}

interface LongCommand {
  readonly name: string
  readonly json: boolean
  /** It does end. */
  readonly limitMs: number
}

/**
 * Runs `work`, tells people of it, and ends it on Ctrl-C, by its signal: `work` ends what it has begun, or rejects with
 * the signal's reason. The exit code is then the shell's.
 */
export async function untilEnded(
  { name, json, limitMs }: LongCommand,
  work: (at: { readonly signal: AbortSignal; readonly line: StatusLine }) => Promise<Ended>,
): Promise<number> {
  const line = statusLine(process.stderr)
  const controller = new AbortController()
  const watch = watchForEnd(limitMs)
  watch.guard(new Promise<never>(() => undefined)).catch((error: unknown) => controller.abort(error))
  try {
    const ended = await work({ signal: controller.signal, line })
    // What stopped at the signal has not come to what it was to come to.
    controller.signal.throwIfAborted()
    line.note(ended.text)
    if (json) await writeJson(ended.document)
    return ended.exitCode
  } catch (thrown) {
    // Work that is stopped may end in a fault of its own making: what stopped it counts.
    const error: unknown = controller.signal.aborted ? controller.signal.reason : thrown
    if (!(error instanceof EndedEarly)) throw error
    const message = `onceward ${name} ${describeEnding(error.ending)}`
    line.note(message)
    if (json) await writeJson({ error: { code: 'ENDED_EARLY', message } })
    return exitCodeOfEnding(error.ending)
  } finally {
    line.close()
    watch.close()
  }
}
