import type { Command } from 'commander'
import { optionInvalid } from '../../kernel/errors.ts'
import { systemRuntime } from '../../system.ts'
import type { AuditHead } from '../../server/index.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { baseCommand, setAction, storeCommand, withGlobals } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { say, writeJson } from '../output.ts'
import { headText } from '../server/text.ts'

export function auditTrailCommand(): Command {
  return withGlobals(baseCommand('audit-trail', 'every decision, one chained to the next'))
    .enablePositionalOptions()
    .addCommand(verifyCommand())
}

interface VerifyOptions {
  readonly head?: string
}

function verifyCommand(): Command {
  const command = storeCommand(
    'verify',
    'follow the chain from its beginning; exit code 1 where it is broken',
  ).option('--head <seq:hash>', 'a head that was noted earlier: it must still be part of the chain')
  return setAction<VerifyOptions>(command, async ({ globals, options }) => {
    const expected = options.head === undefined ? undefined : headOf(options.head)
    const { AuditTrail } = await import('../../server/index.ts')
    const store = await openStoreFromUrl(globals.store, { mustExist: true })
    try {
      await store.open()
      const check = await new AuditTrail(store.records, systemRuntime).verify(expected)
      if (globals.json) await writeJson(check)
      else if (check.intact) await say(`${check.records} records, intact. Head ${headText(check.head)}`)
      else
        await say(
          `Broken at record ${check.broken.seq}: ${check.broken.why}. Up to there ${check.records} fit.`,
        )
      return check.intact ? exitCodes.done : exitCodes.found
    } finally {
      await store.close()
    }
  })
}

function headOf(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,12}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined)
    throw optionInvalid('--head', 'SEQ:HASH, as verify prints it', text)
  return { seq: Number(seq), hash }
}
