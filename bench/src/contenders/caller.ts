import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { CallerName } from '../cells.ts'
import { startUpstream } from '../gateway/proxies.ts'
import { measureLoad } from '../load.ts'
import { startCaller } from '../outbound/callers.ts'
import type { Contender, Setting } from './contender.ts'

/** A client in this process, and a service that answers at once, in a process of its own. */
export function callerContender(name: CallerName, { form, directory }: Setting): Contender {
  return {
    measure: async ({ concurrency }, window) => {
      const upstream = await startUpstream()
      const path = join(mkdtempSync(join(directory, 'calls-')), 'onceward.db')
      const caller = await startCaller(name, { url: upstream.url, form, connections: concurrency, path })
      const run = async (n: number): Promise<void> => {
        const status = await caller.call(n)
        if (status !== 201) throw new Error(`${name} was answered ${status}`)
      }
      try {
        return await measureLoad({ run }, concurrency, window)
      } finally {
        await caller.end()
        await upstream.end()
      }
    },
    close: () => Promise.resolve(),
  }
}
