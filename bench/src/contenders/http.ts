import { type ChildProcess, fork } from 'node:child_process'
import { once as event } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Cell, HttpContenderName } from '../cells.ts'
import type { LoadAnswer, LoadRequest } from '../http-load.ts'
import type { Measurement, Window } from '../load.ts'
import type { Contender, Setting } from './contender.ts'
import { startService } from './http-services.ts'

/** A service in this process, and the process that asks it. */
export function httpContender(name: HttpContenderName, setting: Setting): Promise<Contender> {
  const file = fileURLToPath(new URL('../http-load.ts', import.meta.url))
  const child = fork(file, { execArgv: ['--expose-gc'], stdio: ['ignore', 2, 2, 'ipc'] })
  return Promise.resolve({
    measure: async (cell, window) => {
      const service = await startService(name, setting)
      globalThis.gc?.()
      try {
        return await measure(child, service.url, { cell, window })
      } finally {
        await service.close()
      }
    },
    close: async () => {
      child.disconnect()
      await event(child, 'exit')
    },
  })
}

interface Asked {
  readonly cell: Cell
  readonly window: Window
}

/** The processor time is that of the service, while the load is measured. */
function measure(child: ChildProcess, url: string, { cell, window }: Asked): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    let before: NodeJS.CpuUsage | undefined
    const onExit = (): void => reject(new Error('the process that makes the load has ended'))
    const onMessage = (answer: LoadAnswer): void => {
      if (answer.kind === 'begins') {
        before = process.cpuUsage()
        return
      }
      child.off('message', onMessage).off('exit', onExit)
      if (answer.kind === 'failed') return reject(new Error(answer.message))
      const used = process.cpuUsage(before)
      const processorUsPerOp = (used.user + used.system) / answer.measurement.operations
      return resolve({ ...answer.measurement, processorUsPerOp })
    }
    child.on('message', onMessage).once('exit', onExit)
    const { work, concurrency } = cell
    child.send({ url, isReplay: work === 'replay', concurrency, window } satisfies LoadRequest)
  })
}
