import type { Command } from 'commander'
import { OncewardError } from '../../kernel/errors.ts'
import type { IntentIdentity } from '../../ledger/intent.ts'
import { setAction, storeCommand } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { withLedger } from '../ledger.ts'
import { say, writeJson } from '../output.ts'
import { receiptLines } from '../table.ts'
import { parseKey } from '../values.ts'

export function showCommand(): Command {
  const command = withEntryArguments(
    storeCommand('show', 'show one entry: onceward show REF, or onceward show OPERATION KEY'),
  )
  return setAction<object>(command, ({ globals, args }) => {
    const which = entryOf(args)
    return withLedger(globals, { mustExist: true }, async (once) => {
      const receipt = await once.lookup(which)
      if (receipt === undefined)
        throw new OncewardError('NOT_FOUND', `The ledger has no entry ${entryText(args)}.`)
      if (globals.json) await writeJson(receipt)
      else await say(receiptLines(receipt))
      return exitCodes.done
    })
  })
}

export function withEntryArguments(command: Command): Command {
  return command
    .argument('<ref-or-operation>', 'the ref of an entry, or the operation when a key follows')
    .argument('[key]', 'the key; a JSON array is parts: \'["order",1001]\'')
}

/** REF, or OPERATION KEY. */
export function entryOf(args: readonly string[]): string | IntentIdentity {
  const [first = '', key] = args
  return key === undefined ? first : { operation: first, key: parseKey(key, 'KEY') }
}

function entryText(args: readonly string[]): string {
  return args.map((text) => JSON.stringify(text)).join(' with key ')
}
