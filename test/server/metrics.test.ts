import { describe, expect, it, onTestFinished } from 'vitest'
import { recordActivity } from '../../src/server/index.ts'
import { openStoreFromUrl } from '../../src/stores/open.ts'
import { metricNames } from '../../src/telemetry/index.ts'
import { parseExposition } from '../telemetry/support/exposition.ts'
import { ControlRoom, doubtful } from './support/control-room.ts'
import { Target } from './support/target.ts'

async function open(): Promise<ControlRoom> {
  const room = await ControlRoom.on('sqlite')
  onTestFinished(() => room.end())
  return room
}

describe('/metrics', () => {
  it('shows what the server does, and doubts and reconciliations of its store', async () => {
    const room = await open()
    await room.serve()
    const target = await Target.start()
    onTestFinished(() => target.end())
    const effect = { key: 'e1', operation: 'charge', target: { url: target.url }, body: 1 }
    await room.ask('/v1/effects', { body: effect })
    await room.ask('/v1/effects', { body: effect })
    await doubtful(await room.worker(), 'd1')
    for (const [missing, id] of [
      [9, 'a'],
      [8, 'b'],
    ] as const)
      await room.ask('/v1/reconciliations', {
        body: { name: 'payments', missing, extra: 1 },
        headers: { 'idempotency-key': `"${id}"` },
      })
    const told = await room.ask('/metrics')
    expect(told.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const { origin } = new URL(target.url)
    expect(Object.fromEntries(parseExposition(told.text))).toMatchObject({
      'onceward_claims_total{verdict="run"}': 1,
      'onceward_claims_total{verdict="replay"}': 1,
      'idempotency_key_duplicates_total{operation="charge"}': 1,
      [`http_client_requests_total{destination="${origin}",outcome="answered"}`]: 1,
      'onceward_in_doubt{scope="shop"}': 1,
      'onceward_reconcile_differences{name="payments"}': 9,
    })
    for (const name of metricNames) expect(told.text).toContain(`\n# TYPE ${name} `)
  })

  it('needs a token once there is one, and no more than the least role', async () => {
    const room = await open()
    await room.serve()
    const token = await room.token('viewer')
    await expect.poll(async () => (await room.ask('/metrics')).status).toBe(401)
    expect((await room.ask('/metrics', { token })).status).toBe(200)
  })
})

describe('/v1/twins', () => {
  it('lists unstable keys that workers found, newest first, page by page', async () => {
    const room = await open()
    await room.serve()
    const once = await room.worker()
    const store = await openStoreFromUrl(room.storeUrl)
    await store.open()
    onTestFinished(() => store.close())
    const recorder = recordActivity(once, { store })
    const mail = (key: string) => ({
      operation: 'mail',
      key: ['m', key],
      input: { to: 'a' },
      subject: 'order:1',
    })
    const first = await once.execute(mail('1'), () => 1)
    // Twins are looked for beside the effect.
    const twins = (): number => once.counts().twin ?? 0
    await once.run(mail('2'), () => 2)
    await expect.poll(twins).toBe(1)
    await recorder.flush()
    await once.run(mail('3'), () => 3)
    await expect.poll(twins).toBe(2)
    await recorder.stop()
    const page = (await room.ask('/v1/twins?limit=1')).json as { twins: { event: object }[]; next: string }
    expect(page.twins).toMatchObject([{ event: { type: 'twin', key: ['m', '3'], subject: 'order:1' } }])
    const rest = (await room.ask(`/v1/twins?cursor=${encodeURIComponent(page.next)}`)).json
    expect(rest).toMatchObject({ twins: [{ event: { key: ['m', '2'], twinRef: first.ref } }] })
    expect(rest).not.toHaveProperty('next')
  })
})
