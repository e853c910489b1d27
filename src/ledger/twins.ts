import { OncewardError } from '../kernel/errors.ts'
import type { Claimed } from './claimed.ts'

async function findTwin(claimed: Claimed): Promise<string | undefined> {
  const { ledger, call, entry } = claimed
  const request = { ref: entry.ref, known: entry, windowMs: call.operation.twinWindowMs }
  const { result } = await ledger.lanes.twins.ask(request, ledger.options.storeTimeoutMs)
  return result[0]
}

/** `onTwin: 'refuse'`: with an older twin, the entry is given back before anything begins. Throws `KEY_TWIN`. */
export async function refuseTwin(claimed: Claimed): Promise<void> {
  const { ledger, entry } = claimed
  const twinRef = await findTwin(claimed).catch(async (error: unknown) => {
    await claimed.giveBack('nobody could say whether it has a twin').catch(() => undefined)
    throw error
  })
  if (twinRef === undefined) return
  ledger.events.emit('twin', entry, { twinRef, refused: true })
  await claimed.giveBack(`it is a twin of ${twinRef}`)
  const message = `Entry ${twinRef} did the same work for ${entry.subject ?? 'the same subject'} under another key. A retry must make the same key again.`
  throw new OncewardError('KEY_TWIN', message, { details: { ref: entry.ref, twinRef } })
}

/** An effect that is done sooner is looked at once, when it has ended: that sees all that an earlier look would. */
const firstLookMs = 100

/**
 * `onTwin: 'warn'`: an event, found beside the effect's way and never in it. Best effort: a search that fails is none.
 * What it gives is called when the attempt has ended, and looks once more unless nothing was done.
 */
export function watchForTwins(claimed: Claimed): (looksAgain: boolean) => void {
  const timer = claimed.ledger.options.runtime.setTimer(firstLookMs, () => warnOfTwins(claimed), {
    background: true,
  })
  return (looksAgain) => {
    timer.cancel()
    if (looksAgain) warnOfTwins(claimed)
  }
}

function warnOfTwins(claimed: Claimed): void {
  if (claimed.twinSeen) return
  findTwin(claimed).then(
    (twinRef) => {
      if (twinRef === undefined || claimed.twinSeen) return
      claimed.twinSeen = true
      claimed.ledger.events.emit('twin', claimed.entry, { twinRef, refused: false })
    },
    () => undefined,
  )
}
