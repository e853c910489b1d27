import { type ChildProcess, fork } from 'node:child_process'
import { once as event } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Cell, HttpContenderName } from '../cells.ts'
import type { LoadAnswer, LoadRequest } from '../http-load.ts'
import type { Measurement, Window } from '../load.ts'
import type { Contender, Setting } from './contender.ts'
import { startService } from './http-services.ts'

/** Somebody who answers, and the processor time that it has taken so far, where that is known. */
export interface Asked {
  readonly url: string
  processorUs(): number | undefined
  close(): Promise<void>
}

/** A service in this process, and the process that asks it. */
export function httpContender(name: HttpContenderName, setting: Setting): Promise<Contender> {
  return askedContender(async () => {
    const service = await startService(name, setting)
    return { ...service, processorUs: () => processorUsOf(process.cpuUsage()) }
  })
}

function processorUsOf({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}

/** Starts somebody anew for each cell, and has a process of its own ask. */
export function askedContender(start: () => Promise<Asked>): Promise<Contender> {
  const file = fileURLToPath(new URL('../http-load.ts', import.meta.url))
  const child = fork(file, { execArgv: ['--expose-gc'], stdio: ['ignore', 2, 2, 'ipc'] })
  return Promise.resolve({
    measure: async (cell, window) => {
      const asked = await start()
      globalThis.gc?.()
      try {
        return await measure(child, asked, { cell, window })
      } finally {
        await asked.close()
      }
    },
    close: async () => {
      child.disconnect()
      await event(child, 'exit')
    },
  })
}

interface Wanted {
  readonly cell: Cell
  readonly window: Window
}

/** The processor time is that of who is asked, while the load is measured. */
function measure(child: ChildProcess, asked: Asked, { cell, window }: Wanted): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    let beforeUs: number | undefined
    const onExit = (): void => reject(new Error('the process that makes the load has ended'))
    const onMessage = (answer: LoadAnswer): void => {
      if (answer.kind === 'begins') {
        beforeUs = asked.processorUs()
        return
      }
      child.off('message', onMessage).off('exit', onExit)
      if (answer.kind === 'failed') return reject(new Error(answer.message))
      // The processor time that is measured there is that of the load.
      const { processorUsPerOp: _, ...measurement } = answer.measurement
      const afterUs = asked.processorUs()
      if (beforeUs === undefined || afterUs === undefined) return resolve(measurement)
      return resolve({ ...measurement, processorUsPerOp: (afterUs - beforeUs) / measurement.operations })
    }
    child.on('message', onMessage).once('exit', onExit)
    const { work, concurrency } = cell
    child.send({ url: asked.url, work, concurrency, window } satisfies LoadRequest)
  })
}
