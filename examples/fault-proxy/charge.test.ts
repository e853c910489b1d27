// What becomes of a charge when its connection is cut? The proxy stands between our code and the payment provider.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
// In a package of yours: from 'onceward', 'onceward/drills' and 'onceward/memory'.
import { type FaultProxy, faultProxy } from '../../src/drills/index.ts'
import { createOnceward, type Onceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'

/** The provider charges once for each Idempotency-Key. */
const charged = new Set<string>()
let provider: Server
let proxy: FaultProxy
let ledger: Onceward

beforeAll(async () => {
  provider = createServer((request, response) => {
    charged.add(String(request.headers['idempotency-key']))
    request.resume().on('end', () => response.end('{"paid":true}'))
  }).listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const { port } = provider.address() as AddressInfo
  proxy = await faultProxy({ target: { host: '127.0.0.1', port } })
  ledger = createOnceward({ store: memoryStore(), operations: { charge: { safety: 'keyed' } } })
})
afterAll(async () => {
  await ledger.close()
  await proxy.close()
  provider.close()
})
beforeEach(() => {
  charged.clear()
  proxy.heal()
})

/** How the caller sees it. */
async function charge(order: string): Promise<string> {
  const receipt = await ledger.execute({ operation: 'charge', key: order }, async ({ effectKey }) => {
    const answer = await fetch(`http://127.0.0.1:${proxy.port}/charges`, {
      method: 'POST',
      headers: { 'idempotency-key': effectKey },
      body: JSON.stringify({ order }),
    })
    return answer.json()
  })
  return receipt.error?.code ?? receipt.state
}

describe('a charge', () => {
  it('whose reply is cut off is sent again, under the same key', async () => {
    const cut = proxy.cut({ at: 'reply', when: 'POST /charges' })
    expect(await charge('order-1')).toBe('OUTCOME_UNKNOWN')
    await cut.done
    expect(charged.size).toBe(1)
    expect(await charge('order-1')).toBe('succeeded')
    expect(charged.size).toBe(1)
  })

  it('whose request never arrives looks the very same', async () => {
    const cut = proxy.cut({ at: 'request', when: /"order":"order-2"/ })
    expect(await charge('order-2')).toBe('OUTCOME_UNKNOWN')
    await cut.done
    expect(charged.size).toBe(0)
    expect(await charge('order-2')).toBe('succeeded')
    expect(charged.size).toBe(1)
  })

  it('waits on a slow network, and is done once', async () => {
    proxy.impair({ latencyMs: 50, bytesPerSecond: 10_000 })
    const told = await Promise.all([charge('order-3'), charge('order-3')])
    expect(told.join()).toBe('succeeded,succeeded')
    expect(charged.size).toBe(1)
  })
})
