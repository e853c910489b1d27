import { join } from 'node:path'
import { Stripe } from 'stripe'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createOnceward } from '../../../src/index.ts'
import { type Client, createClient } from '../../../src/outbound/client.ts'
import { OutboundError } from '../../../src/outbound/errors.ts'
import { stripe } from '../../../src/outbound/presets/stripe.ts'
import { idempotencyKeyTarget, keylessTarget } from '../../../src/outbound/targets.ts'
import { memoryStore } from '../../../src/stores/memory/index.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'
import { FaultPeer } from '../support/fault-peer.ts'
import { remembersMs } from '../support/faults.ts'
import {
  addressOf,
  axiosLibrary,
  axiosRetryLeftIn,
  byStripe,
  gotLibrary,
  kyLibrary,
  type Library,
  stripeLibrary,
} from './libraries.ts'

const directory = makeTemporaryDirectory()
let peer: FaultPeer
let intents = 0

beforeAll(async () => {
  peer = await FaultPeer.start(join(directory.path, 'peer.jsonl'), { remembersMs: remembersMs.briefly })
})
afterAll(async () => {
  await peer.end()
  directory.remove()
})

function clientFor(options: Partial<Parameters<typeof createClient>[0]> = {}): Client {
  const client = createClient({
    baseUrl: peer.url,
    timeoutMs: 2_000,
    retry: { attempts: 4, baseMs: 1, capMs: 5 },
    budget: { ratio: 10, min: 100 },
    ...options,
  })
  onTestFinished(() => client.close({ graceMs: 0 }))
  return client
}

/** What the client threw, in whatever the library has wrapped it. */
function thrownBy(error: unknown): OutboundError | undefined {
  if (error instanceof OutboundError || typeof error !== 'object' || error === null)
    return error instanceof OutboundError ? error : undefined
  const { cause, detail } = error as { readonly cause?: unknown; readonly detail?: unknown }
  return thrownBy(cause ?? detail)
}

async function failureOf(
  call: Promise<unknown>,
): Promise<{ readonly status: unknown; readonly thrown: OutboundError | undefined }> {
  try {
    await call
  } catch (error) {
    const { response, statusCode } = error as {
      response?: { status?: number; statusCode?: number }
      statusCode?: number
    }
    return { status: response?.statusCode ?? response?.status ?? statusCode, thrown: thrownBy(error) }
  }
  throw new Error('it did not fail')
}

function nextIntent(): string {
  intents += 1
  return `intent-${intents}`
}

describe.each<Library>([axiosLibrary, axiosRetryLeftIn, gotLibrary, kyLibrary])('$name', (library) => {
  it('repeats the effect of a POST by its own policy, and not by the client’s', async () => {
    const [alone, ours] = [nextIntent(), nextIntent()]
    await peer.plan(alone, ['acted-reset'])
    await peer.plan(ours, ['acted-reset'])
    await library.alone({ url: peer.url, intent: alone })
    expect(peer.count(alone)).toBe(2)
    const { thrown } = await failureOf(library.withClient(clientFor(), { url: peer.url, intent: ours }))
    expect(peer.count(ours)).toBe(1)
    expect(thrown?.outcome).toBe('unknown')
  })
})

const all: readonly Library[] = [axiosLibrary, axiosRetryLeftIn, gotLibrary, kyLibrary, stripeLibrary]

describe.each(all)('$name, with the client’s policy', (library) => {
  it('sends the same key with every attempt: one effect, whatever breaks', async () => {
    const intent = nextIntent()
    await peer.plan(intent, ['acted-reset', 'acted-truncated', 'acted-503'])
    const call = { url: peer.url, intent, key: 'order-1001-charge' }
    const { status, data } = await library.withClient(clientFor({ target: stripe }), call)
    expect([status, peer.count(intent)]).toEqual([201, 1])
    expect(data).toHaveProperty('effectId')
  })

  it('does not send a key again that the target may have forgotten', async () => {
    const intent = nextIntent()
    await peer.plan(intent, ['forgets'])
    const target = { ...idempotencyKeyTarget, keyLifetimeMs: 900 }
    const client = clientFor({ target, timeoutMs: 500, deadlineMs: 10_000 })
    const { thrown } = await failureOf(
      library.withClient(client, { url: peer.url, intent, key: 'order-1002-charge' }),
    )
    // 503 is the answer; the library has its own error for it.
    expect(thrown).toBeUndefined()
    expect(peer.count(intent)).toBe(1)
  })

  it('gives the library the target’s no, to be worded its own way', async () => {
    const intent = nextIntent()
    await peer.plan(intent, ['400'])
    const call = { url: peer.url, intent, key: 'order-1003-charge' }
    const { status } = await failureOf(library.withClient(clientFor(), call))
    expect([status, peer.count(intent)]).toEqual([400, 0])
  })

  it('sends a GET again without a key', async () => {
    const intent = nextIntent()
    await peer.plan(intent, ['reset', '503'])
    const { status } = await library.withClient(clientFor(), { url: peer.url, intent, method: 'GET' })
    expect([status, await peer.arrivals(intent)]).toEqual([201, 3])
  })

  it('is an effect of the ledger where the client has one: the second call is given the first answer', async () => {
    const intent = nextIntent()
    await peer.plan(intent, ['ok', '400'])
    const once = createOnceward({ store: memoryStore(), sweep: false })
    onTestFinished(() => once.close({ graceMs: 0 }))
    const client = clientFor({ once })
    const call = { url: peer.url, intent, key: `${intent}-charge` }
    const answers = [await library.withClient(client, call), await library.withClient(client, call)]
    expect(answers[1]).toEqual(answers[0])
    expect(await peer.arrivals(intent)).toBe(1)
  })

  it('says of a call that reached nobody that it was not sent', async () => {
    const intent = nextIntent()
    // Port 9 of the loopback address: nobody listens, and none of ours can.
    const url = 'http://127.0.0.1:9'
    const call = { url, intent, key: 'order-1004-charge' }
    const { thrown } = await failureOf(library.withClient(clientFor({ baseUrl: url }), call))
    expect(thrown?.outcome).toBe('not-sent')
  })
})

it('the Stripe SDK comes back before Retry-After by its own policy, with a key that may be forgotten by then', async () => {
  const forgetful = await FaultPeer.start(join(directory.path, 'forgetful.jsonl'), { remembersMs: 100 })
  onTestFinished(() => forgetful.end())
  await forgetful.plan('alone', ['forgets'])
  // It waits for half a second where it was asked for three.
  await stripeLibrary.alone({ url: forgetful.url, intent: 'alone' })
  expect(forgetful.count('alone')).toBe(2)
})

it('the Stripe SDK repeats a closed connection even when its retries are off, and not through the client', async () => {
  const [alone, ours] = [nextIntent(), nextIntent()]
  await peer.plan(alone, ['acted-reset'])
  await peer.plan(ours, ['acted-reset'])
  const call = { url: peer.url, intent: alone }
  await byStripe(new Stripe('sk_test_peer', { ...addressOf(call), maxNetworkRetries: 0 }), call)
  expect(await peer.arrivals(alone)).toBe(2)
  // A target that honours no key: then it must come once.
  const client = clientFor({ target: keylessTarget })
  const { thrown } = await failureOf(stripeLibrary.withClient(client, { url: peer.url, intent: ours }))
  expect([thrown?.outcome, await peer.arrivals(ours)]).toEqual(['unknown', 1])
})
