import { flushCompileCache } from 'node:module'
import { openJournal } from '../../testing/journal.ts'
import { faultAtAwait } from '../await-points.ts'
import { callOnce } from '../call.ts'
import type { Message } from '../children.ts'
import { childConfig, tellDrill } from '../child-config.ts'
import { setClockOffset } from '../clock.ts'
import { openInstance } from '../instance.ts'
import { connectPeer } from '../peer/client.ts'
import { type AnswerMessage, type EventMessage, isClock, type WorkerConfig } from '../worker-protocol.ts'

/*
 * A worker of a drill: opens the store, makes its calls, tells how they ended, and stays until it is ended. With
 * `fault` it makes one call and kills or stops itself in the middle of it.
 */
const config = childConfig<WorkerConfig>()
const { storeUrl, settings, workload, keys, callers = 1, fault, waitMs = 30_000, input, padBytes } = config
if (config.clockOffsetMs !== undefined) setClockOffset(config.clockOffsetMs)
const journal = openJournal(config.eventsPath)
const instance = await openInstance({
  storeUrl,
  settings,
  peer: await connectPeer(config.peer),
  ...(padBytes === undefined ? {} : { padBytes }),
  onEvent: (event) => {
    journal.append(event)
    const message: EventMessage = { kind: 'event', event }
    // Only where it is waited for: a message is work beside the call, and a drill that counts awaits wants none.
    if (config.waitsForGo === true) tellDrill(message)
  },
})
// Node keeps compiled code when a process ends by itself, which workers do not: those without a fault do it now.
if (fault === undefined) flushCompileCache()
if (config.waitsForGo === true) {
  const told = Promise.withResolvers<void>()
  process.on('message', (message: Message) => {
    if (isClock(message)) setClockOffset(message.offsetMs)
    else told.resolve()
  })
  tellDrill({ kind: 'ready' })
  await told.promise
}
const points = faultAtAwait(fault, () => {
  if (fault?.signal === 'SIGSTOP') tellDrill({ kind: 'stopping' })
})
const more = { waitMs, ...(input === undefined ? {} : { input }) }
for (const key of keys) {
  for (let caller = 0; caller < callers; caller += 1) {
    void callOnce(instance, { workload, key }, more).then((answer) => {
      const message: AnswerMessage = { kind: 'answer', answer, points: points.count() }
      tellDrill(message)
    })
  }
}
