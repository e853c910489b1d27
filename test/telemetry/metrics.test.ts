import { once as onceEvent } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { telemetryPage, telemetryPath } from '../../scripts/telemetry-reference.ts'
import { createOnceward, DefiniteFailure } from '../../src/index.ts'
import { sizeWatch } from '../../src/integrity/index.ts'
import { createClient } from '../../src/outbound/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { createTelemetry, metricNames, metricOf, type Telemetry } from '../../src/telemetry/index.ts'
import { parseExposition } from './support/exposition.ts'

const closes: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closes.splice(0).toReversed()) await close()
})

async function valuesOf(telemetry: Telemetry): Promise<ReadonlyMap<string, number>> {
  return parseExposition(await telemetry.text())
}

function ledger(telemetry: Telemetry, options = {}) {
  const once = telemetry.instrument(
    createOnceward({ store: memoryStore(), scope: 'shop', sweep: false, ...options }),
  )
  closes.push(() => once.close())
  return once
}

const charge = (key: string, input: unknown = { key }) => ({ operation: 'charge', key, input })

describe('metrics', () => {
  it('are all there from the start, with a value', async () => {
    const values = await valuesOf(createTelemetry())
    const printed = new Set(
      [...values.keys()].map((series) => series.replace(/\{.*|(_bucket|_sum|_count)$/g, '')),
    )
    for (const name of metricNames) {
      const base =
        metricOf(name).kind === 'histogram'
          ? [...printed].some((one) => one.startsWith(name))
          : printed.has(name)
      expect({ name, isThere: base }).toEqual({ name, isThere: true })
    }
  })

  it('are listed in the guide', () => {
    const page = readFileSync(telemetryPath, 'utf8')
    expect(telemetryPage(page)).toBe(page)
  })

  it('are named by the conventions: what an exporter makes of the name of OpenTelemetry is our name', () => {
    const units: Record<string, string> = { s: '_seconds', By: '_bytes', '1': '_ratio' }
    for (const name of metricNames) {
      const { otel, unit, kind } = metricOf(name)
      const suffix = `${units[unit] ?? ''}${kind === 'counter' ? '_total' : ''}`
      expect(`${otel.replaceAll('.', '_')}${suffix}`).toBe(name)
    }
  })

  it('count verdicts, effects and duplicates that were prevented', async () => {
    const telemetry = createTelemetry()
    const once = ledger(telemetry)
    await once.run(charge('1'), () => 'done')
    await once.run(charge('1'), () => 'again')
    await once.execute(charge('2'), () => {
      throw new DefiniteFailure('no funds')
    })
    await once.execute(charge('3'), () => {
      throw new Error('socket hang up')
    })
    await once.execute(charge('3'), () => 'again')
    await expect(once.run(charge('1', { another: true }), () => 'no')).rejects.toMatchObject({
      code: 'KEY_REUSED',
    })
    const values = await valuesOf(telemetry)
    expect(Object.fromEntries(values)).toMatchObject({
      'onceward_claims_total{verdict="run"}': 3,
      'onceward_claims_total{verdict="replay"}': 1,
      'onceward_claims_total{verdict="doubt"}': 1,
      'onceward_claims_total{verdict="refuse"}': 1,
      'onceward_claims_total{verdict="wait"}': 0,
      'onceward_refusals_total{code="KEY_REUSED"}': 1,
      'onceward_effects_total{operation="charge",outcome="succeeded"}': 1,
      'onceward_effects_total{operation="charge",outcome="failed"}': 1,
      'onceward_effects_total{operation="charge",outcome="in_doubt"}': 1,
      'onceward_effect_duration_seconds_count{operation="charge",outcome="succeeded"}': 1,
      'onceward_claim_duration_seconds_count{verdict="run"}': 3,
      'onceward_claim_duration_seconds_count{verdict="replay"}': 1,
      'idempotency_key_duplicates_total{operation="charge"}': 2,
      'onceward_in_doubt{scope="shop"}': 1,
    })
    expect(values.get('onceward_in_doubt_oldest_seconds{scope="shop"}')).toBeGreaterThanOrEqual(0)
  })

  it('time a claim to its verdict, and not to the end of its effect', async () => {
    let nowMs = 0
    const runtime = { ...(await import('../../src/system.ts')).systemRuntime, monotonicMs: () => nowMs }
    const telemetry = createTelemetry({}, runtime)
    const once = ledger(telemetry)
    await once.run(charge('slow'), () => void (nowMs += 60_000))
    expect((await valuesOf(telemetry)).get('onceward_claim_duration_seconds_sum{verdict="run"}')).toBe(0)
  })

  it('count a waiting call as one duplicate', async () => {
    const telemetry = createTelemetry()
    const once = ledger(telemetry)
    const begun = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<string>()
    const first = once.run(charge('w'), () => {
      begun.resolve()
      return letGo.promise
    })
    await begun.promise
    const second = once.run(charge('w'), () => 'never')
    letGo.resolve('done')
    expect(await Promise.all([first, second])).toEqual(['done', 'done'])
    const values = await valuesOf(telemetry)
    expect(values.get('idempotency_key_duplicates_total{operation="charge"}')).toBe(1)
    expect(values.get('onceward_claims_total{verdict="wait"}')).toBe(1)
  })

  it('count twins and steps', async () => {
    const telemetry = createTelemetry()
    const once = ledger(telemetry, { operations: { order: { steps: true } } })
    const twin = (key: string) => ({ operation: 'mail', key, input: { to: 'a' }, subject: 'order:1' })
    await once.run(twin('a'), () => 1)
    await once.run(twin('b'), () => 2)
    await once.run({ operation: 'order', key: '1' }, (attempt) => attempt.step('pay', () => 1))
    const values = await valuesOf(telemetry)
    expect(values.get('onceward_twins_total{operation="mail"}')).toBe(1)
    expect(values.get('onceward_steps_total{outcome="succeeded"}')).toBe(1)
  })

  it('bound the values of a label', async () => {
    const telemetry = createTelemetry({ maxLabelValues: 2 })
    const once = ledger(telemetry)
    for (const operation of ['a', 'b', 'c', 'd']) await once.run({ operation, key: '1' }, () => 1)
    const values = await valuesOf(telemetry)
    expect(values.get('onceward_effects_total{operation="a",outcome="succeeded"}')).toBe(1)
    expect(values.get('onceward_effects_total{operation="(other)",outcome="succeeded"}')).toBe(2)
    expect([...values.keys()].filter((series) => series.includes('operation="c"'))).toEqual([])
  })

  it('show the requests, retries and queue of an outbound client', async () => {
    let answers = 0
    const server = createServer((_, response) => {
      answers += 1
      response.writeHead(answers === 1 ? 503 : 200).end('{}')
    }).listen(0, '127.0.0.1')
    await onceEvent(server, 'listening')
    closes.push(() => server.close())
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const telemetry = createTelemetry()
    const client = telemetry.watch(createClient({ baseUrl, retry: { attempts: 2, baseMs: 1, capMs: 1 } }))
    closes.push(() => client.close())
    await client.request({ method: 'GET', path: '/' })
    const values = await valuesOf(telemetry)
    expect(values.get(`http_client_requests_total{destination="${baseUrl}",outcome="answered"}`)).toBe(2)
    expect(values.get(`http_client_retries_total{destination="${baseUrl}"}`)).toBe(1)
    expect(values.get(`onceward_pool_queued{destination="${baseUrl}"}`)).toBe(0)
    telemetry.unwatch(client)
    expect(
      (await valuesOf(telemetry)).get(`http_client_retries_total{destination="${baseUrl}"}`),
    ).toBeUndefined()
  })

  it('show the sizes of messages and how near they are to a limit', async () => {
    const telemetry = createTelemetry()
    const sizes = telemetry.watchSizes(
      sizeWatch({ limits: [{ name: 'proxy', bytes: 4000, source: 'ours' }] }),
    )
    sizes.record('/orders', 500)
    sizes.record('/orders', 3000)
    const values = await valuesOf(telemetry)
    expect(Object.fromEntries(values)).toMatchObject({
      'onceward_message_size_bytes_bucket{method="/orders",le="1024"}': 1,
      'onceward_message_size_bytes_bucket{method="/orders",le="4096"}': 2,
      'onceward_message_size_bytes_bucket{method="/orders",le="+Inf"}': 2,
      'onceward_message_size_bytes_sum{method="/orders"}': 3500,
      'onceward_message_size_limit_ratio{method="/orders"}': 0.75,
    })
  })

  it('leave out a source that cannot be read, and keep the others', async () => {
    const telemetry = createTelemetry()
    telemetry.addSource(() => Promise.reject(new Error('out')))
    telemetry.addSource(() => [
      { metric: 'onceward_reconcile_differences', labels: { name: 'a\n"b"\\' }, value: 7 },
    ])
    expect(await telemetry.text()).toContain('onceward_reconcile_differences{name="a\\n\\"b\\"\\\\"} 7\n')
  })

  it('are answered over HTTP, to GET and HEAD alone', async () => {
    const server = createServer(createTelemetry().handler).listen(0, '127.0.0.1')
    await onceEvent(server, 'listening')
    closes.push(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
    const answer = await fetch(url)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(parseExposition(await answer.text()).size).toBeGreaterThan(metricNames.length)
    expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('')
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  })

  it('refuse what they cannot work with, by name', () => {
    const refused = (options: object) => () => createTelemetry(options)
    expect(refused({ maxLabelValues: 0 })).toThrow(/maxLabelValues/)
    expect(refused({ opentelemetry: {} })).toThrow(/opentelemetry/)
    expect(refused({ logger: {} })).toThrow(/logger/)
    expect(refused({ links: {} })).toThrow(/links/)
  })
})
