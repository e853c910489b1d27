import { type EffectRow, Effects } from './effects.ts'

/** One thing that goes wrong, or only looks like it. */
export interface Story {
  readonly name: string
  /** Adds to `effects` what happened to some of `orders`. */
  tell(this: void, effects: Effects, orders: readonly EffectRow[]): void
  /** Needs so many orders for its pattern to be one. */
  readonly minOrders?: number
  /** Columns that the export does not have. */
  readonly omit?: readonly string[]
  readonly known?: Readonly<Record<string, number>>
}

const dayMs = 86_400_000
/** Clocks in the European Union go back at this instant. */
export const autumnMs: number = Date.UTC(2025, 9, 26, 1)

/** A tenth of them, and three at least. */
function victims(effects: Effects, orders: readonly EffectRow[]): EffectRow[] {
  const chosen = new Set(effects.some(orders, Math.max(3, Math.floor(orders.length / 10))))
  effects.truth.duplicateRefs += chosen.size
  return [...chosen]
}

function claim(effects: Effects, ...kinds: string[]): void {
  for (const kind of kinds) effects.truth.patterns.add(kind)
}

export const stories: readonly Story[] = [
  {
    name: 'a retry every two seconds',
    omit: ['idempotency_key'],
    tell: (effects, orders) => {
      for (const [at, row] of victims(effects, orders).entries()) {
        const first = effects.again(row, { atMs: row.atMs + 2000 + effects.jitter(40) })
        if (at % 3 === 0) effects.again(row, { atMs: first.atMs + 2000 + effects.jitter(40) })
      }
      claim(effects, 'fixed-interval')
    },
  },
  {
    name: 'two workers at once',
    omit: ['idempotency_key'],
    tell: (effects, orders) => {
      for (const row of victims(effects, orders))
        effects.again(row, { atMs: row.atMs + 1 + effects.jitter(40), worker: 'w9' })
      claim(effects, 'millisecond-race')
    },
  },
  {
    name: 'the whole job again',
    omit: ['idempotency_key'],
    tell: (effects, orders) => {
      effects.truth.duplicateRefs += orders.length
      for (const row of orders) effects.again(row, { atMs: row.atMs + 2 * 3_600_000 + orders.length * 1000 })
      claim(effects, 'every-item-twice')
    },
  },
  {
    name: 'the whole job again the next day',
    omit: ['idempotency_key'],
    tell: (effects, orders) => {
      effects.truth.duplicateRefs += orders.length
      for (const row of orders) effects.again(row, { atMs: row.atMs + 2 * dayMs + orders.length * 1000 })
      claim(effects, 'every-item-twice')
    },
  },
  {
    name: 'segments 3 to 5 again',
    omit: ['idempotency_key'],
    minOrders: 100,
    tell: (effects, orders) => {
      const again = orders.filter(({ segment }) => segment >= 3 && segment <= 5)
      effects.truth.duplicateRefs += again.length
      for (const row of again) effects.again(row, { atMs: row.atMs + 3_600_000 + orders.length * 1000 })
      claim(effects, 'segment-contiguous')
    },
  },
  {
    name: 'one block of rows again, and no segments',
    omit: ['idempotency_key', 'segment'],
    minOrders: 100,
    tell: (effects, orders) => {
      const again = orders.slice(20, 50)
      effects.truth.duplicateRefs += again.length
      for (const row of again) effects.again(row, { atMs: row.atMs + 3_600_000 + orders.length * 1000 })
      claim(effects, 'segment-contiguous')
    },
  },
  {
    name: 'a key for each attempt',
    tell: (effects, orders) => {
      for (const row of victims(effects, orders))
        effects.again(row, { atMs: row.atMs + effects.spread(500, 3_000_000), key: effects.uuid() })
      claim(effects, 'key-per-attempt')
    },
  },
  {
    name: 'the time in the key',
    tell: (effects, orders) => {
      for (const row of orders) row.key = `${row.ref}-${row.atMs}`
      for (const row of victims(effects, orders)) {
        const atMs = row.atMs + effects.spread(500, 3_000_000)
        effects.again(row, { atMs, key: `${row.ref}-${atMs}` })
      }
      claim(effects, 'key-per-attempt', 'timestamp-in-key')
    },
  },
  {
    name: 'an hour that comes twice',
    omit: ['idempotency_key'],
    tell: (effects, orders) => {
      for (const row of victims(
        effects,
        orders.filter(({ atMs }) => atMs < autumnMs),
      ))
        effects.again(row, { atMs: row.atMs + 3_600_000 + effects.jitter(5000) })
      claim(effects, 'clock-change')
    },
  },
  {
    name: 'a lease that is too short',
    omit: ['idempotency_key'],
    known: { lease: 30_000 },
    tell: (effects, orders) => {
      for (const row of victims(effects, orders))
        effects.again(row, { atMs: row.atMs + 30_000 + effects.jitter(600), worker: 'w8' })
      claim(effects, 'known-gap', 'fixed-interval')
    },
  },
  {
    name: 'a schedule of two days that overlaps',
    omit: ['idempotency_key'],
    known: { cron: 2 * dayMs },
    tell: (effects, orders) => {
      for (const row of victims(effects, orders))
        effects.again(row, { atMs: row.atMs + 2 * dayMs + effects.jitter(600) })
      claim(effects, 'known-gap', 'fixed-interval')
    },
  },
  {
    name: 'a key that the target has forgotten',
    tell: (effects, orders) => {
      for (const row of victims(effects, orders))
        effects.again(row, { atMs: row.atMs + effects.spread(1.1 * dayMs, 20 * dayMs) })
      claim(effects, 'same-key')
    },
  },
]

export const decoys: readonly Story[] = [
  {
    name: 'instalments',
    tell: (effects, orders) => {
      for (const row of new Set(effects.some(orders, 3))) {
        effects.truth.unclearRefs++
        for (const instalment of [2, 3])
          effects.add({
            ...row,
            instalment,
            atMs: row.atMs + instalment * 60_000,
            key: `${row.key}-${instalment}`,
          })
      }
    },
  },
  {
    name: 'part payments',
    tell: (effects, orders) => {
      for (const row of new Set(effects.some(orders, 3))) {
        effects.truth.unclearRefs++
        effects.add({ ...row, amount: row.amount + 100, atMs: row.atMs + 2000, key: effects.uuid() })
      }
    },
  },
  {
    name: 'refunds',
    tell: (effects, orders) => {
      for (const row of new Set(effects.some(orders, 3))) {
        effects.truth.unclearRefs++
        effects.add({ ...row, amount: -row.amount, atMs: row.atMs + 60_000, key: effects.uuid() })
      }
    },
  },
  {
    name: 'the same order again, days later',
    tell: (effects, orders) => {
      for (const row of new Set(effects.some(orders, 3))) {
        effects.truth.unclearRefs++
        effects.add({ ...row, atMs: row.atMs + effects.spread(2 * dayMs, 20 * dayMs), key: effects.uuid() })
      }
    },
  },
  {
    name: 'one effect in several lines of a join',
    tell: (effects, orders) => {
      for (const row of new Set(effects.some(orders, 3))) {
        effects.rows.push({ ...row, instalment: 2 }, { ...row, instalment: 3 })
        effects.truth.rows += 2
        effects.truth.repeatedRows += 2
      }
    },
  },
  {
    name: 'a retry that was answered with the first effect',
    tell: (effects, orders) => {
      for (const row of new Set(effects.some(orders, 3))) {
        effects.rows.push({ ...row, atMs: row.atMs + 2000 })
        effects.truth.rows++
        effects.truth.repeatedRows++
      }
    },
  },
  {
    name: 'the same amount at the same time for others',
    tell: (effects, orders) => {
      const [first] = orders
      for (const row of effects.some(orders, 5)) {
        if (first === undefined) continue
        row.amount = first.amount
        row.atMs = first.atMs
      }
    },
  },
]

export function toldOf(story: Story, size: number, seed = 1): Effects {
  const startMs = story.name === 'an hour that comes twice' ? autumnMs - 1_800_000 : undefined
  const effects = new Effects(seed, startMs)
  const orders = effects.orders(size)
  story.tell(effects, orders)
  return effects
}
