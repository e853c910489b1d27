import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createOnceward, DefiniteFailure } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { createTelemetry } from '../../src/telemetry/index.ts'

const secret = 'tok_4242'

async function linesOf(
  work: (once: ReturnType<typeof createOnceward>) => Promise<unknown>,
): Promise<readonly Record<string, unknown>[]> {
  const lines: string[] = []
  const stream = new Writable({ write: (chunk, _, done) => (lines.push(String(chunk)), done()) })
  const telemetry = createTelemetry({ logger: pino({ level: 'debug' }, stream) })
  const once = telemetry.instrument(createOnceward({ store: memoryStore(), scope: 'shop', sweep: false }))
  await work(once)
  await once.close()
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('log lines', () => {
  it('name key, verdict, worker and microseconds', async () => {
    const [claimed] = await linesOf((once) => once.run({ operation: 'charge', key: 'order-1' }, () => 1))
    expect(claimed).toMatchObject({
      level: 20,
      event: 'claimed',
      scope: 'shop',
      operation: 'charge',
      verdict: 'run',
      msg: 'onceward claimed charge',
    })
    expect(claimed?.['key']).toContain('order-1')
    expect(claimed?.['worker']).toEqual(expect.any(String))
    expect(Number.isSafeInteger(claimed?.['atUs'])).toBe(true)
  })

  it('never have an input, a result, or what an effect or a person said', async () => {
    const lines = await linesOf(async (once) => {
      const intent = (key: string) => ({ operation: 'charge', key, input: { card: secret } })
      await once.run(intent('1'), () => ({ card: secret }))
      await once.run(intent('1'), () => ({ card: secret }))
      await once.execute(intent('2'), () => {
        throw new DefiniteFailure(secret)
      })
      await once.execute(intent('3'), () => {
        throw new Error(secret)
      })
      await once.doubts.resolve(
        { operation: 'charge', key: '3' },
        { happened: true, value: secret, by: secret, because: secret },
      )
    })
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['succeeded', 'replayed', 'failed', 'in_doubt', 'resolved']),
    )
    expect(JSON.stringify(lines)).not.toContain(secret)
  })

  it('are warnings where somebody should look', async () => {
    const lines = await linesOf((once) =>
      once.execute({ operation: 'mail', key: '1' }, () => {
        throw new Error('cut')
      }),
    )
    expect(lines.find(({ event }) => event === 'in_doubt')?.['level']).toBe(50)
  })
})
