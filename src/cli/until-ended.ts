import { describeEnding, EndedEarly, exitCodeOfEnding, watchForEnd } from '../testing/ending.ts'
import { type StatusLine, statusLine } from '../testing/status-line.ts'
import { writeJson } from './output.ts'

interface Running {
  /** Of the command, for what is said when it ends early. */
  readonly name: string
  readonly json: boolean
  readonly limitMs: number
}

interface Ended {
  readonly exitCode: number
  readonly document: unknown
  readonly text: string
}

/** Runs `work`, tells people of it, and ends it on Ctrl-C. */
export async function untilEnded(
  { name, json, limitMs }: Running,
  work: (at: Pick<StatusLine, 'show' | 'note'> & { signal: AbortSignal }) => Promise<Ended>,
): Promise<number> {
  const line = statusLine(process.stderr)
  const controller = new AbortController()
  const watch = watchForEnd(limitMs)
  const aborting = watch
    .guard(new Promise<never>(() => undefined))
    .catch((error: unknown) => controller.abort(error))
  try {
    const ended = await watch.guard(work({ signal: controller.signal, show: line.show, note: line.note }))
    line.note(ended.text)
    if (json) await writeJson(ended.document)
    return ended.exitCode
  } catch (error) {
    if (!(error instanceof EndedEarly)) throw error
    const message = `onceward ${name} ${describeEnding(error.ending)}`
    line.note(message)
    if (json) await writeJson({ error: { code: 'ENDED_EARLY', message } })
    return exitCodeOfEnding(error.ending)
  } finally {
    line.close()
    watch.close()
    void aborting
  }
}
