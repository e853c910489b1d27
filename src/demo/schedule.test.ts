import { expect, test } from 'vitest'
import { makeSchedule } from './schedule.ts'

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `A-${index}`)

test('the same seed gives the same faults, another seed others', () => {
  expect(makeSchedule(ids(1_200), 5)).toEqual(makeSchedule(ids(1_200), 5))
  expect(makeSchedule(ids(1_200), 5).kills).not.toEqual(makeSchedule(ids(1_200), 6).kills)
})

test('every effect sees kills before and after its peer has carried it out, and no order has two faults', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { slow, doubleClicks, kills } = makeSchedule(ids(1_200), seed)
    const moments = new Set(kills.map(({ effect, moment }) => `${effect} ${moment}`))
    expect(moments.size).toBe(6)
    expect(kills).toHaveLength(12)
    const orders = [...slow, ...doubleClicks, ...kills.map((kill) => kill.order)]
    expect(new Set(orders).size).toBe(orders.length)
    expect([slow.length, doubleClicks.length]).toEqual([48, 48])
  }
})

test('kills keep apart', () => {
  const order = (id: string): number => Number(id.slice(2))
  const { kills } = makeSchedule(ids(1_200), 1)
  // One in each of twelve stretches of the first nine tenths.
  expect(kills.map((kill) => Math.floor(order(kill.order) / 90))).toEqual(ids(12).map((_, index) => index))
})

test('a handful of orders has a handful of faults', () => {
  for (let count = 1; count < 40; count++) {
    const { slow, doubleClicks, kills } = makeSchedule(ids(count), count)
    expect(new Set([...slow, ...doubleClicks, ...kills.map((kill) => kill.order)]).size).toBeLessThanOrEqual(
      count,
    )
    expect(kills.length).toBe(Math.min(3, Math.ceil(count * 0.9)))
  }
})
