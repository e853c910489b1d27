import { seededRandom } from '../../../src/testing/random.ts'

/*
 * Data as it lay there after two of the incidents, made from a seed, to the numbers of their reports.
 */

export interface Csv {
  readonly name: string
  readonly text: string
}

const perSegment = 307
const orders = 44_375
const ordersBefore = 44_397

/**
 * The overnight billing run: 46,217 drafts, 1,842 of them written again when the retry wrapper ran segments 7 to 12 once
 * more after a failover. The night before had 44,397, so the row count rose by 4.1 %.
 */
export function overnight(seed = 2417): { night: Csv; nightBefore: Csv } {
  const night = drafts(seed, { day: 3, count: orders, hasFailover: true })
  const nightBefore = drafts(seed + 1, { day: 2, count: ordersBefore, hasFailover: false })
  return {
    night: { name: 'drafts-2026-06-03.csv', text: night },
    nightBefore: { name: 'drafts-2026-06-02.csv', text: nightBefore },
  }
}

function drafts(
  seed: number,
  { day, count, hasFailover }: { day: number; count: number; hasFailover: boolean },
): string {
  const random = seededRandom(seed)
  const run = `2026-06-0${day}T02:00`
  const at = (hour: number, minute: number, second: number): number =>
    Date.UTC(2026, 5, day, hour, minute, second)
  const lines = ['draft_id,order_ref,run_id,segment,created_at,amount,currency']
  const write = (order: number, atMs: number, amount: number): void => {
    const time = new Date(atMs).toISOString().replace('Z', '+01:00')
    const segment = Math.floor(order / perSegment) + 1
    lines.push(
      `DR-${day}${String(lines.length).padStart(6, '0')},ORD-${day}${String(order).padStart(6, '0')},${run},${segment},${time},${(amount / 100).toFixed(2)},EUR`,
    )
  }
  const amounts = Array.from({ length: count }, () => 500 + Math.floor(random() * 90_000))
  const writeAll = (from: number, to: number, [startMs, endMs]: readonly [number, number]): void => {
    for (let order = from; order < to; order++)
      write(
        order,
        startMs + ((endMs - startMs) * (order - from)) / (to - from) + random() * 5,
        amounts[order] ?? 0,
      )
  }
  const [first, last] = [6 * perSegment, 12 * perSegment]
  writeAll(0, first, [at(2, 0, 5), at(2, 11, 0)])
  writeAll(first, last, [at(2, 11, 0), at(2, 14, 52)])
  if (hasFailover) writeAll(first, last, [at(2, 15, 10), at(2, 19, 0)])
  writeAll(last, count, [at(2, 19, 0), at(2, 58, 41)])
  return `${lines.join('\n')}\n`
}

const batches = 61
const repeatedBatches = 23
const skus = 847

/**
 * The fulfilment incident: 23 batches dispatched to three partners again after five minutes, under keys made of the time;
 * 847 SKUs lay in them.
 */
export function fulfilment(seed = 1847): { dispatches: Csv; lines: Csv } {
  const random = seededRandom(seed)
  const partners = ['ShipCo', 'FastFreight', 'PackLogic']
  const start = Date.UTC(2026, 1, 7, 13, 40)
  const dispatches: { atMs: number; cells: string[] }[] = []
  const lines: { atMs: number; cells: string[] }[] = []
  // Those above a hundred orders, which are the ones that time out; they lie between the others.
  const isLarge = (batch: number): boolean =>
    Math.floor((batch * repeatedBatches) / batches) !== Math.floor(((batch - 1) * repeatedBatches) / batches)
  let [sku, large] = [0, 0]
  for (let batch = 1; batch <= batches; batch++) {
    const id = `B-${2000 + batch}`
    const partner = partners[batch % partners.length] ?? ''
    const count = isLarge(batch)
      ? Math.floor(skus / repeatedBatches) + (large++ < skus % repeatedBatches ? 1 : 0)
      : 5
    const inBatch = Array.from({ length: count }, () => ({
      sku: `SKU-${10_000 + sku++}`,
      quantity: 1 + Math.floor(random() * 20),
    }))
    const send = (atMs: number): void => {
      const time = new Date(atMs).toISOString()
      const key = `fulfil-${id}-${atMs}`
      dispatches.push({
        atMs,
        cells: [`D-${dispatches.length + 1}`, id, partner, key, time, String(count * 3)],
      })
      for (const line of inBatch)
        lines.push({ atMs, cells: [`L-${lines.length + 1}`, id, line.sku, String(line.quantity), key, time] })
    }
    const atMs = start + batch * 7000 + Math.floor(random() * 2000)
    send(atMs)
    if (isLarge(batch)) send(atMs + 300_000 + Math.floor(random() * 900))
  }
  return {
    dispatches: csv(
      'dispatches.csv',
      'dispatch_id,batch_id,partner,idempotency_key,dispatched_at,order_count',
      dispatches,
    ),
    lines: csv('dispatch-lines.csv', 'line_id,batch_id,sku,quantity,idempotency_key,dispatched_at', lines),
  }
}

function csv(name: string, header: string, rows: readonly { atMs: number; cells: string[] }[]): Csv {
  const sorted = rows.toSorted((a, b) => a.atMs - b.atMs).map(({ cells }) => cells.join(','))
  return { name, text: `${[header, ...sorted].join('\n')}\n` }
}

/** Three requests for one customer at 10:30:15, :17 and :19, between others that came once. */
export function registrations(): Csv {
  const lines = ['customer_id,name,received_at']
  const add = (id: number, time: string): number =>
    lines.push(`CUST_${id},Customer ${id},2026-03-02T${time}Z`)
  for (let id = 7880; id < 7890; id++) add(id, `10:29:${String(id - 7850)}`)
  for (const second of [15, 17, 19]) add(7890, `10:30:${second}`)
  for (let id = 7891; id < 7900; id++) add(id, `10:31:${String(id - 7850)}`)
  return { name: 'registrations.csv', text: `${lines.join('\n')}\n` }
}
