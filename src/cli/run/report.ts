import type { Receipt } from '../../index.ts'
import { exitCodeOfCode, exitCodes } from '../exit.ts'
import { note, write, writeJson } from '../output.ts'
import { printable } from '../table.ts'
import type { GuardedRun } from './guarded.ts'
import { type ReplayedRun, replayOf } from './record.ts'

/**
 * Tells how a guarded run ended, and gives the exit code: the command's own where it has one, else Onceward's, which
 * a line on standard error tells apart.
 */
export async function report(
  { receipt, ran }: GuardedRun,
  options: { readonly json: boolean },
): Promise<number> {
  const value = receipt.value ?? ran
  if (options.json) await writeJson(value === undefined ? receipt : { ...receipt, value })
  // The command ended, and what the ledger holds does not say so.
  if (isUnrecorded(receipt)) return explain(receipt, ran?.exitCode)
  if (ran !== undefined) {
    if (receipt.error?.code === 'OUTCOME_UNKNOWN') await explain(receipt, ran.exitCode)
    return ran.exitCode
  }
  if (receipt.state !== 'succeeded' && value === undefined) return explain(receipt)
  const replay = replayOf(value)
  if (!options.json) await replayStreams(receipt, replay)
  return replay.exitCode
}

function isUnrecorded(receipt: Receipt): boolean {
  const code = receipt.error?.code
  return receipt.state === 'in_doubt' || code === 'IN_DOUBT' || code === 'LEASE_LOST'
}

async function replayStreams(receipt: Receipt, replay: ReplayedRun): Promise<void> {
  await write(process.stdout, replay.stdout)
  await write(process.stderr, replay.stderr)
  if (replay.missingBytes === 0) return
  await note(
    `${replay.missingBytes} more bytes of output were not kept (entry ${receipt.ref}, --max-output).`,
  )
}

async function explain(receipt: Receipt, ranExitCode?: number): Promise<number> {
  const { error, state, ref } = receipt
  const code = error?.code ?? (state === 'in_doubt' ? 'IN_DOUBT' : 'EFFECT_FAILED')
  const ended = ranExitCode === undefined ? '' : ` The command ended with exit code ${ranExitCode}.`
  await note(`${code} (entry ${ref}, ${state}): ${printable(error?.message ?? state)}${ended}`)
  if (state === 'in_doubt') {
    await note(
      `find out whether it happened, then: onceward doubt resolve ${ref} --happened|--did-not-happen --by NAME --because TEXT`,
    )
    return exitCodes.inDoubt
  }
  return exitCodeOfCode(code)
}
