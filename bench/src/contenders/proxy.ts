import type { ProxyName } from '../cells.ts'
import { startProxy, startUpstream } from '../gateway/proxies.ts'
import type { Contender, Setting } from './contender.ts'
import { askedContender } from './http.ts'

/** A proxy in front of a service that answers at once, each in a process of its own, and the process that asks it. */
export function proxyContender(name: ProxyName, setting: Setting): Promise<Contender> {
  return askedContender(async () => {
    const upstream = await startUpstream()
    const proxy = await startProxy(name, { upstream: upstream.url, ...setting })
    const close = async (): Promise<void> => {
      await proxy.end()
      await upstream.end()
    }
    return { url: proxy.url, processorUs: () => proxy.processorUs(), close }
  })
}
