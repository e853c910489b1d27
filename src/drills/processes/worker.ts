import { once as onceEmitted } from 'node:events'
import { flushCompileCache } from 'node:module'
import { faultAtAwait } from '../await-points.ts'
import { callOnce } from '../call.ts'
import { childConfig, tellDrill } from '../child-config.ts'
import { openInstance } from '../instance.ts'
import { openJournal } from '../../testing/journal.ts'
import { peerClient } from '../peer/client.ts'
import type { AnswerMessage, EventMessage, WorkerConfig } from '../worker-protocol.ts'

/*
 * A worker of a drill: opens the store, makes its calls, tells how they ended, and stays until it is ended. With
 * `fault` it makes one call and kills or stops itself in the middle of it.
 */
const config = childConfig<WorkerConfig>()
const { workload, keys, callers = 1, fault, waitMs = 30_000 } = config
const journal = openJournal(config.eventsPath)
const peer = peerClient(config.peer)
const instance = await openInstance({
  ...config,
  peer,
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
  tellDrill({ kind: 'ready' })
  await onceEmitted(process, 'message')
}
const points = faultAtAwait(fault, () => {
  if (fault?.signal === 'SIGSTOP') tellDrill({ kind: 'stopping' })
})
for (const key of keys) {
  for (let caller = 0; caller < callers; caller += 1) {
    void callOnce(instance, { workload, key }, { waitMs }).then((answer) => {
      const message: AnswerMessage = { kind: 'answer', answer, points: points.count() }
      tellDrill(message)
    })
  }
}
