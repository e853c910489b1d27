import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { createOnceward, type Intent, type Onceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { gate } from '../support/gate.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { idempotencyKeyTarget, keylessTarget } from '../../src/outbound/targets.ts'
import { charge, outcomeOf } from './support/lab.ts'
import { sentence } from './support/sentences.ts'

function ledger(store = memoryStore()): Onceward {
  const once = createOnceward({ store, sweep: false })
  onTestFinished(() => once.close({ graceMs: 0 }))
  return once
}

const intent: Intent = { operation: 'charge', key: ['order', 1] }
const order = charge(undefined, { intent })

sentence(
  'a call is an effect of the ledger: its answer is replayed, headers and bytes, and nothing is sent',
  async (lab) => {
    const client = lab.client({ once: ledger() })
    const body = Buffer.from([0xff, 0x00, 0xfe])
    lab.peer.next.push({ status: 201, headers: { 'x-charge': 'c1', 'set-cookie': 'secret=1' }, body })
    const first = await client.request(order)
    const again = await client.request(order)
    expect(first.body).toEqual(body)
    expect(again).toMatchObject({ status: 201, attempts: 0, replayed: true, body })
    expect(again.headers).toMatchObject({ 'x-charge': 'c1' })
    expect(again.headers).not.toHaveProperty('set-cookie')
    expect(lab.peer.seen).toHaveLength(1)
    await expect(client.request({ ...order, body: { amount: 999 } })).rejects.toMatchObject({
      code: 'KEY_REUSED',
    })
    await expect(client.request(charge())).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect(lab.peer.seen).toHaveLength(1)
  },
)

sentence(
  'what was not sent frees the work, and what may have been carried out does not',
  async (lab) => {
    const once = ledger()
    const nowhere = lab.client({ once, baseUrl: 'http://no-such-host.invalid', retry: { attempts: 1 } })
    expect(await outcomeOf(nowhere.request(order))).toMatchObject({ outcome: 'not-sent' })
    expect(await once.lookup(intent)).toMatchObject({ state: 'released' })
    const client = lab.client({ once, retry: { attempts: 1 } })
    const blind: Intent = { operation: 'mail', key: '1', safety: 'blind' }
    lab.peer.next.push({ reset: 'after' })
    expect(await outcomeOf(client.request(charge(undefined, { intent: blind })))).toMatchObject({
      code: 'IN_DOUBT',
      outcome: 'unknown',
    })
    expect(await outcomeOf(client.request(charge(undefined, { intent: blind })))).toMatchObject({
      code: 'IN_DOUBT',
    })
    expect(lab.peer.seen).toHaveLength(1)
  },
  ['not-sent-is-unknown', 'failure-is-definite'],
)

sentence(
  'a keyed call whose end is unknown is sent again by the next call, with the same key: one effect',
  async (lab) => {
    const client = lab.client({ once: ledger(), retry: { attempts: 1 } })
    lab.peer.next.push({ reset: 'after' }, { status: 500 }, { status: 409 })
    for (let call = 0; call < 3; call += 1)
      expect(await outcomeOf(client.request(order))).toMatchObject({
        code: 'OUTCOME_UNKNOWN',
        outcome: 'unknown',
      })
    expect(await outcomeOf(client.request(order))).toMatchObject({ status: 200, replayed: false })
    expect(new Set(lab.peer.seen.map(({ key }) => key)).size).toBe(1)
    expect(lab.peer.totalEffects).toBe(1)
  },
  ['answer-is-success', 'failure-is-definite'],
)

sentence(
  "the target's no is kept and replayed, and a call that came too early may be made again",
  async (lab) => {
    const once = ledger()
    const client = lab.client({ once, retry: { attempts: 1 } })
    lab.peer.next.push({ status: 429 }, { status: 402, body: 'card declined' })
    await client.request(order)
    expect(await once.lookup(intent)).toMatchObject({ state: 'released' })
    expect(await outcomeOf(client.request(order))).toMatchObject({ status: 402, replayed: false })
    expect(await outcomeOf(client.request(order))).toMatchObject({
      status: 402,
      replayed: true,
      body: 'card declined',
    })
    expect(lab.peer.seen).toHaveLength(2)
    expect(await once.lookup(intent)).toMatchObject({ state: 'failed' })
  },
  ['answer-is-success'],
)

sentence('RETRY_LATER leaves the work free, for later', async (lab) => {
  const once = ledger()
  const client = lab.client({ once, deadlineMs: 1000 })
  lab.peer.next.push({ status: 429, headers: { 'retry-after': '60' } })
  expect(await outcomeOf(client.request(order))).toMatchObject({ code: 'RETRY_LATER', outcome: 'refused' })
  expect(await outcomeOf(client.request(order))).toMatchObject({ status: 200, replayed: false })
})

sentence('what one attempt knows does not end an earlier one whose end is unknown', async (lab) => {
  const once = ledger()
  const client = lab.client({ once, retry: { attempts: 1 }, deadlineMs: 1000 })
  lab.peer.next.push({ reset: 'after' })
  await outcomeOf(client.request(order))
  const nowhere = lab.client({ once, baseUrl: 'http://no-such-host.invalid', retry: { attempts: 1 } })
  const input = { of: 'both' }
  const both: Intent = { operation: 'both', key: '1', input }
  lab.peer.next.push({ reset: 'after' })
  await outcomeOf(client.request(charge(undefined, { intent: both })))
  expect(await outcomeOf(nowhere.request(charge(undefined, { intent: both })))).toMatchObject({
    outcome: 'unknown',
  })
  for (const headers of [{}, { 'retry-after': '60' }]) {
    lab.peer.next.push({ status: 429, headers })
    expect(await outcomeOf(client.request(order))).toMatchObject({ outcome: 'unknown' })
  }
  lab.peer.next.push({ status: 402 })
  expect(await outcomeOf(client.request(order))).toMatchObject({ outcome: 'unknown' })
  expect(await once.lookup(intent)).toMatchObject({ state: 'started' })
  expect(await outcomeOf(client.request(order))).toMatchObject({ status: 200 })
  expect(lab.peer.totalEffects).toBe(2)
})

sentence('an answer too large to be kept is given once, and never asked for again', async (lab) => {
  const client = lab.client({ once: ledger() })
  lab.peer.always = { body: Buffer.alloc(300_000, 'x') }
  expect(await client.request(order)).toMatchObject({ status: 200 })
  await expect(client.request(order)).rejects.toMatchObject({ code: 'RESULT_TOO_LARGE' })
  expect(lab.peer.seen).toHaveLength(1)
})

sentence('a given key is sent as it is, and names the work', async (lab) => {
  const once = ledger()
  const client = lab.client({ once })
  const host = new URL(lab.peer.url).host
  await client.request(charge('order-7'))
  expect(await outcomeOf(client.request(charge('order-7')))).toMatchObject({ replayed: true })
  expect(lab.peer.seen.map(({ key }) => key)).toEqual(['order-7'])
  expect(await once.lookup({ operation: `POST ${host}`, key: 'order-7' })).toMatchObject({
    state: 'succeeded',
  })
})

sentence(
  'in an effect of its own that makes a single call, a not-sent error of the client frees the work',
  async (lab) => {
    const once = ledger()
    const nowhere = lab.client({ baseUrl: 'http://no-such-host.invalid' })
    const own: Intent = { operation: 'own', key: '1', singleCall: true, retry: 'on-failure' }
    const run = once.run(own, (attempt) => nowhere.request(charge(attempt.effectKey)))
    await expect(run).rejects.toMatchObject({ code: 'EFFECT_FAILED' })
    expect(await once.lookup(own)).toMatchObject({ state: 'released' })
    // Where it may have made other calls, the client cannot know of them.
    const many: Intent = { operation: 'own', key: '2' }
    const doubtful = once.run(many, (attempt) => nowhere.request(charge(attempt.effectKey)))
    await expect(doubtful).rejects.toMatchObject({ code: 'IN_DOUBT' })
  },
  ['refused-is-unknown'],
)

sentence(
  'a process killed behind the effect is followed by another, which sends the same key and has the answer',
  async (lab) => {
    const path = join(temporaryDirectory(), 'ledger.db')
    const never = new Promise(() => undefined)
    lab.peer.next.push({ until: never })
    const child = join(import.meta.dirname, 'support', 'charging-process.ts')
    const killed = spawn(process.execPath, [child, path, lab.peer.url], { stdio: 'inherit' })
    while (lab.peer.totalEffects === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    killed.kill('SIGKILL')
    await event(killed, 'exit')
    const once = ledger(sqliteStore({ path }))
    const client = lab.client({ once })
    expect(await outcomeOf(client.request(order))).toMatchObject({ status: 200, replayed: false })
    expect(lab.peer.seen).toHaveLength(2)
    expect(new Set(lab.peer.seen.map(({ key }) => key)).size).toBe(1)
    expect(lab.peer.totalEffects).toBe(1)
    const reader = spawn(process.execPath, [child, path, lab.peer.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const chunks: string[] = []
    reader.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    await event(reader, 'close')
    expect(JSON.parse(chunks.join(''))).toMatchObject({ status: 200, replayed: true, body: 'ok' })
    expect(lab.peer.seen).toHaveLength(2)
  },
)

sentence('what the target takes no key for is blind, and cannot be called keyed', async (lab) => {
  const once = ledger()
  const client = lab.client({ once, target: keylessTarget, retry: { attempts: 3 } })
  const keyed: Intent = { operation: 'mail', key: '1', safety: 'keyed' }
  const call = client.request(charge(undefined, { intent: keyed }))
  await expect(call).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  lab.peer.next.push({ reset: 'after' })
  expect(await outcomeOf(client.request(order))).toMatchObject({ code: 'IN_DOUBT', attempts: 1 })
  expect(lab.peer.seen).toHaveLength(1)
})

sentence(
  'the lifetime of the key holds for the attempts of one call and for later calls together',
  async (lab) => {
    // Of 60 s, 30 s are kept for one call, however long its own deadline is.
    const target = { ...idempotencyKeyTarget, keyLifetimeMs: 60_000 }
    const once = ledger()
    const client = lab.client({ once, target, deadlineMs: 600_000, retry: { attempts: 50 } })
    lab.peer.always = { status: 503, headers: { 'retry-after': '10' } }
    expect(await outcomeOf(client.request(order))).toMatchObject({ outcome: 'unknown' })
    expect(lab.clock.monotonicMs()).toBeLessThan(30_000)
  },
)

sentence('what cannot be written is refused before anything is sent, and frees the work', async (lab) => {
  const once = ledger()
  const client = lab.client({ once, target: { ...idempotencyKeyTarget, maxKeyBytes: 8 } })
  await expect(client.request(order)).rejects.toMatchObject({ code: 'KEY_INVALID' })
  expect(await once.lookup(intent)).toMatchObject({ state: 'released' })
  expect(lab.peer.seen).toEqual([])
})

sentence('who gives up while another does the work is told so, and has sent nothing', async (lab) => {
  const client = lab.client({ once: ledger() })
  const answer = gate()
  lab.peer.next.push({ until: answer.pass() })
  const first = client.request(order)
  await answer.arrived
  const controller = new AbortController()
  const second = outcomeOf(client.request({ ...order, signal: controller.signal }))
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  expect(await second).toEqual({ code: 'NOT_SENT', outcome: 'not-sent', attempts: 0 })
  answer.open()
  expect(await first).toMatchObject({ status: 200, replayed: false })
  expect(lab.peer.seen).toHaveLength(1)
})
