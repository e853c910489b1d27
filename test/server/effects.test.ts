import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlRoom, type Told } from './support/control-room.ts'
import { Target } from './support/target.ts'

for (const kind of ['sqlite', 'postgres'] as const) {
  describe(`POST /v1/effects on ${kind}`, () => {
    let room: ControlRoom
    let target: Target
    let servers: readonly string[]

    beforeAll(async () => {
      room = await ControlRoom.on(kind)
      target = await Target.start()
      servers = [(await room.serve()).url, (await room.serve()).url]
    })
    afterAll(async () => {
      await room.end()
      await target.end()
    })

    const wish = (key: string, more: object = {}): object => ({
      key,
      subject: `order:${key}`,
      target: { url: `${target.url}/${key}` },
      body: { amount: 5 },
      ...more,
    })
    const post = (body: object, at = 0): Promise<Told> => room.ask(`${servers[at]}/v1/effects`, { body })

    /** Looks until it has ended. */
    async function ended(location: string, at = 0): Promise<Told> {
      for (;;) {
        const told = await room.ask(`${servers[at]}${location}`)
        if (told.status !== 202) return told
        await wait(20)
      }
    }

    it('performs it once, however often two servers are asked at once, and answers with one receipt', async () => {
      const told = await Promise.all(Array.from({ length: 12 }, (_, at) => post(wish('many'), at % 2)))
      const first = told.find(({ status }) => status === 200)
      expect(first?.json).toMatchObject({ state: 'succeeded', operation: `POST ${new URL(target.url).host}` })
      for (const one of told) expect([200, 202]).toContain(one.status)
      const replay = await post(wish('many'), 1)
      expect([replay.status, replay.json['replayed'], replay.json['value']]).toEqual([
        200,
        true,
        expect.objectContaining({ status: 201, body: '{"done":true}' }),
      ])
      expect(target.count('/many')).toBe(1)
      expect(target.journal.find(({ path }) => path === '/many')).toMatchObject({
        method: 'POST',
        body: '{"amount":5}',
      })
    })

    it('refuses the key with another body', async () => {
      await post(wish('reused'))
      const told = await post(wish('reused', { body: { amount: 6 } }))
      expect([told.status, told.json['code']]).toEqual([409, 'KEY_REUSED'])
      expect(target.count('/reused')).toBe(1)
    })

    it('says that it is in doubt where a blind target was cut, and never sends it again', async () => {
      target.answer = (_, response) => response.destroy()
      const told = await post(wish('cut'))
      expect([told.status, told.json['state']]).toEqual([200, 'in_doubt'])
      expect((await post(wish('cut'), 1)).json['state']).toBe('in_doubt')
      expect(target.count('/cut')).toBe(1)
      const doubts = await room.ask('/v1/doubts?subject=order:cut')
      expect(doubts.json['doubts']).toHaveLength(1)
      answerAsUsual()
    })

    it('sends a keyed one again with the same key, by the schedule, and by whichever server', async () => {
      let cuts = 2
      target.answer = (_, response) => {
        cuts -= 1
        if (cuts >= 0) response.destroy()
        else response.writeHead(200).end('ok')
      }
      const told = await post(wish('keyed', { safety: 'keyed', retries: { delaysMs: [0, 0, 0] } }))
      expect([told.status, told.json['state']]).toEqual([202, 'scheduled'])
      const done = await ended(String(told.headers.get('location')), 1)
      expect([done.status, done.json['state']]).toEqual([200, 'succeeded'])
      const keys = target.journal
        .filter(({ path }) => path === '/keyed')
        .map(({ headers }) => headers['idempotency-key'])
      expect([keys.length, new Set(keys).size]).toEqual([3, 1])
      answerAsUsual()
    })

    it('tries again what could not be sent, and gives up after the last delay', async () => {
      const gone = await Target.start()
      await gone.end()
      const told = await post(
        wish('gone', { target: { url: `${gone.url}/gone` }, retries: { delaysMs: [0] } }),
      )
      expect(told.json).toMatchObject({ state: 'scheduled', attempts: 1, error: { code: 'NOT_SENT' } })
      const done = await ended(String(told.headers.get('location')))
      expect(done.json).toMatchObject({ state: 'released', attempts: 2 })
    })

    it('does a scheduled one when it is due, once, with two servers at work', async () => {
      const dueAt = new Date(Date.now() + 700).toISOString()
      const told = await post(wish('later', { dueAt }))
      expect(told.json).toMatchObject({ state: 'scheduled', dueAt, attempts: 0 })
      const again = await post(wish('later', { dueAt }), 1)
      expect([again.status, again.json['state']]).toEqual([202, 'scheduled'])
      const other = await post(wish('later', { dueAt, body: 1 }), 1)
      expect([other.status, other.json['code']]).toEqual([409, 'KEY_REUSED'])
      expect(target.count('/later')).toBe(0)
      const done = await ended(String(told.headers.get('location')))
      expect(done.json['state']).toBe('succeeded')
      expect(target.count('/later')).toBe(1)
      expect((await room.ask('/v1/effects')).json['effects']).toEqual([])
    })

    it('takes one off the agenda, and writes down who did', async () => {
      const dueAt = new Date(Date.now() + 3_600_000).toISOString()
      const told = await post(wish('never', { dueAt }))
      const ref = String(told.json['ref'])
      expect((await room.ask('/v1/effects')).json['effects']).toMatchObject([{ ref, dueAt }])
      const cancelled = await room.ask(`/v1/effects/${ref}`, { method: 'DELETE' })
      expect([cancelled.status, cancelled.json['dueAt']]).toEqual([200, dueAt])
      expect((await room.ask(`/v1/effects/${ref}`)).status).toBe(404)
      const trail = await room.ask('/v1/audit-trail?limit=1')
      expect(trail.json['records']).toMatchObject([
        { what: 'effect.cancel', about: ref, who: { id: 'loopback' } },
      ])
    })

    it('answers 202 where it takes longer than the caller waits, and then tells how it ended', async () => {
      const held = Promise.withResolvers<ServerEnd>()
      target.answer = (_, response) => held.resolve(() => response.writeHead(200).end('late'))
      const told = await post(wish('slow', { waitMs: 50 }))
      expect(told.status).toBe(202)
      const release = await held.promise
      release()
      const done = await ended(String(told.headers.get('location')), 1)
      expect(done.json).toMatchObject({ state: 'succeeded', value: { body: 'late' } })
      expect(target.count('/slow')).toBe(1)
      answerAsUsual()
    })

    function answerAsUsual(): void {
      target.answer = (_, response) =>
        response.writeHead(201, { 'content-type': 'application/json' }).end('{"done":true}')
    }
  })
}

type ServerEnd = () => void
