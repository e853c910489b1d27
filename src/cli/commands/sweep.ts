import type { Command } from 'commander'
import { setAction, storeCommand } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { withLedger } from '../ledger.ts'
import { say, writeJson } from '../output.ts'
import { textTable } from '../table.ts'

export function sweepCommand(): Command {
  const command = storeCommand('sweep', 'look at lapsed leases and old results once, now')
  return setAction<object>(command, ({ globals }) =>
    withLedger(globals, { mustExist: true }, async (once) => {
      const report = await once.sweep()
      if (globals.json) await writeJson(report)
      else {
        const rows = Object.entries(report).map(([name, count]) => [name, String(count)])
        await say(textTable(['WHAT', 'ENTRIES'], rows))
      }
      return exitCodes.done
    }),
  )
}
