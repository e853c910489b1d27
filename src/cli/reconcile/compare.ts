import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { messageOf, optionInvalid } from '../../kernel/errors.ts'
import type { Difference, ReconcileOptions } from '../../reconcile/index.ts'
import { progressLine } from '../audit/progress.ts'
import { writeText } from '../contract/files.ts'
import { exitCodes } from '../exit.ts'
import { untilEnded } from '../until-ended.ts'
import { fixOptions, type ReconcileCommandOptions, reconcileOptions } from './options.ts'
import { planText, reconcileText } from './text.ts'

/** As long as a timer can be: large tables take as long as they take. */
export const limitMs = 2_000_000_000

/** One comparison, and what `--out`, `--fix` and `--recall` ask for. */
export async function compare(typed: ReconcileCommandOptions, json: boolean): Promise<number> {
  const options = await reconcileOptions(typed)
  const { reconcile, planCleanup, recallCsv } = await import('../../reconcile/index.ts')
  return untilEnded({ name: 'reconcile', json, limitMs }, async ({ signal, line }) => {
    const progress = progressLine(line)
    const list = typed.out === undefined ? undefined : await listFile(typed.out)
    try {
      const asked: ReconcileOptions = { ...options, signal, onProgress: progress.onProgress }
      const { fix, recall } = typed
      if (fix === undefined && recall === undefined) {
        const report = await reconcile(asked, list?.add)
        return { exitCode: codeOf(report.clean), document: report, text: reconcileText(report) }
      }
      const { plan, report } = await planCleanup(asked, fixOptions(typed), list?.add)
      // No password is in it, nor kept beside it: the driver takes it from the environment, or it is given again.
      if (fix !== undefined) await writeText(fix, `${JSON.stringify(plan, null, 2)}\n`, '--fix')
      if (recall !== undefined) await writeText(recall, recallCsv(plan), '--recall')
      const { keys: _, ...summary } = plan
      return {
        exitCode: codeOf(report.clean),
        document: { ...report, plan: summary },
        text: `${reconcileText(report)}\n\n${planText(plan, fix ?? 'PLAN')}`,
      }
    } finally {
      progress.close()
      await list?.close()
    }
  })
}

function codeOf(clean: boolean): number {
  return clean ? exitCodes.done : exitCodes.found
}

interface ListFile {
  add(this: void, difference: Difference): Promise<void>
  close(this: void): Promise<void>
}

/** Every difference, one JSON document a line. */
async function listFile(path: string): Promise<ListFile> {
  const stream = createWriteStream(path)
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (error) =>
      reject(optionInvalid('--out', `a file that can be written (${messageOf(error)})`, path)),
    )
  })
  return {
    add: async (difference) => {
      if (stream.write(`${JSON.stringify(difference)}\n`)) return
      await new Promise<void>((resolve) => stream.once('drain', () => resolve()))
    },
    close: async () => {
      stream.end()
      await finished(stream)
    },
  }
}
