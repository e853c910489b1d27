import { describe, expect, it } from 'vitest'
import { VirtualTime } from '../../test/support/virtual-runtime.ts'
import { EventStream, type OncewardEvent } from './events.ts'

const about = { ref: 'r', scope: 'shop', operation: 'charge', key: 'order-1', subject: 'order:1' }

function stream(): { events: EventStream; time: VirtualTime } {
  const time = new VirtualTime()
  return { events: new EventStream(time.worker(), 'w-1'), time }
}

describe('the event stream', () => {
  it('gives each event its time in microseconds, its worker and what it is about', async () => {
    const { events, time } = stream()
    const heard: OncewardEvent[] = []
    events.on('*', (event) => heard.push(event))
    await time.advance(1.5)
    events.emit('refused', about, { verdict: 'refuse', code: 'KEY_REUSED' })
    const atUs = time.originMs * 1000 + 1500
    expect(heard).toEqual([
      { type: 'refused', atUs, worker: 'w-1', ...about, verdict: 'refuse', code: 'KEY_REUSED' },
    ])
  })

  it('calls listeners of the type first, then those of all, each in the order in which they came', () => {
    const { events } = stream()
    const order: string[] = []
    events.on('*', () => order.push('all'))
    events.on('refused', () => order.push('first'))
    events.on('refused', () => order.push('second'))
    events.on('waiting', () => order.push('another type'))
    events.emit('refused', about, { verdict: 'refuse', code: 'CLOSED' })
    expect(order).toEqual(['first', 'second', 'all'])
  })

  it('goes on when a listener throws', () => {
    const { events } = stream()
    const heard: string[] = []
    events.on('refused', () => {
      throw new Error('no')
    })
    events.on('refused', () => heard.push('second'))
    events.emit('refused', about, { verdict: 'refuse', code: 'CLOSED' })
    expect(heard).toEqual(['second'])
  })

  it('goes on when an asynchronous listener rejects, and the process lives', async () => {
    const { events, time } = stream()
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const listener: () => unknown = () => Promise.reject(new Error('no'))
    events.on('refused', listener)
    events.emit('refused', about, { verdict: 'refuse', code: 'CLOSED' })
    await time.quiet()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('refuses what cannot listen', () => {
    const { events } = stream()
    expect(() => events.on('refused', undefined as never)).toThrow(/listener must be a function/)
  })

  it('stops calling who has left, also one who leaves while it is called', () => {
    const { events } = stream()
    const heard: string[] = []
    const leave = events.on('refused', () => {
      heard.push('once')
      leave()
    })
    for (let times = 0; times < 3; times += 1)
      events.emit('refused', about, { verdict: 'refuse', code: 'CLOSED' })
    leave()
    expect(heard).toEqual(['once'])
  })

  it('counts by type, whether anybody listens or not', () => {
    const { events } = stream()
    expect(events.counts()).toEqual({})
    for (let times = 0; times < 3; times += 1)
      events.emit('refused', about, { verdict: 'refuse', code: 'CLOSED' })
    events.emit('unguarded', about, { message: 'out' })
    const counts = events.counts()
    expect(counts).toEqual({ refused: 3, unguarded: 1 })
    events.emit('unguarded', about, { message: 'out' })
    expect(counts).toEqual({ refused: 3, unguarded: 1 })
  })
})
