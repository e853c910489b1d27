import { describe, expect, it } from 'vitest'
import { column, gapsOf, jsonRows, lines, quantile, repeated, type Row, rows, text } from './read.ts'

/* Each number that the reports give, counted in the files. */

function numbers(list: readonly Row[], name: string): readonly number[] {
  return column(list, name).map(Number)
}

function metric(path: string, name: string): readonly Row[] {
  return rows(path).filter((row) => row['name'] === name)
}

describe('fulfilment', () => {
  const dispatches = rows('fulfilment/dispatches.csv')
  const orders = rows('fulfilment/orders.csv.gz')
  const doubled = repeated(dispatches, 'batch_id')
  const without = orders.filter((row) => row['hold_for_review'] === '')
  const manifest = text('fulfilment/incident.yaml')

  it('23 batches went to 3 partners twice, under keys of their own, 13:42 and 5 minutes later', () => {
    expect(doubled).toHaveLength(23)
    expect(new Set(doubled.flatMap((group) => column(group, 'partner')))).toEqual(
      new Set(['ShipCo', 'FastFreight', 'PackLogic']),
    )
    for (const group of doubled) {
      expect(column(group, 'attempt')).toEqual(['1', '2'])
      expect(new Set(column(group, 'idempotency_key')).size).toBe(2)
      expect(group[0]?.['accepted_at']).toMatch(/^2026-02-07T13:42:/)
      expect(group[1]?.['accepted_at']).toMatch(/^2026-02-07T13:47:/)
    }
    expect(gapsOf(doubled, 'accepted_at').every((gap) => Math.abs(gap - 300_000) < 1000)).toBe(true)
  })

  it('no partner answered 409, and none of another day has two', () => {
    expect(column(dispatches, 'status')).not.toContain('409')
    expect(dispatches).toHaveLength(new Set(column(dispatches, 'batch_id')).size + 23)
  })

  it('847 orders, each of a SKU of its own, have no hold_for_review since 5 February, in batches above 100', () => {
    expect(without).toHaveLength(847)
    expect(new Set(column(without, 'sku')).size).toBe(847)
    expect(column(without, 'decoded_at').every((at) => at >= '2026-02-05')).toBe(true)
    expect(Math.min(...numbers(without, 'orders_in_batch'))).toBeGreaterThan(100)
    const others = orders.filter((row) => row['hold_for_review'] !== '')
    expect(Math.max(...numbers(others, 'orders_in_batch'))).toBeLessThanOrEqual(100)
  })

  it('the 99th percentile of what was received is 4,194,304 bytes, in the rows and as measured', () => {
    const batches = [...new Map(orders.map((row) => [row['batch_id'], row])).values()]
    expect(quantile(numbers(batches, 'message_bytes_received'), 0.99)).toBe(4_194_304)
    const measured = metric('fulfilment/metrics.csv', 'grpc_server_msg_received_size_bytes')
    expect(new Set(numbers(measured, 'value'))).toEqual(new Set([4_194_304]))
  })

  it('the 99th percentile of what was sent is 6,800,000 bytes', () => {
    const measured = metric('fulfilment/metrics.csv', 'fulfillment_batch_size_bytes')
    expect(new Set(numbers(measured, 'value'))).toEqual(new Set([6_800_000]))
  })

  it('847 SKUs are negative, counted and as measured, and the breaker opens at 13:47', () => {
    const stock = rows('fulfilment/stock.csv')
    expect(numbers(stock, 'value').filter((value) => value < 0)).toHaveLength(847)
    expect(
      Math.max(...numbers(metric('fulfilment/metrics.csv', 'inventory_negative_stock_skus'), 'value')),
    ).toBe(847)
    const open = metric('fulfilment/metrics.csv', 'storefront_circuit_breaker_state').find(
      (row) => row['value'] === '1',
    )
    expect(open?.['at']).toBe('2026-02-07T13:47:00.000Z')
    expect(manifest).toContain('above 50 SKUs')
  })

  it('lists the changes by their days, with their tickets', () => {
    const changes = jsonRows('fulfilment/changes.jsonl').map((row) => [row['at']?.slice(0, 10), row['name']])
    expect(changes).toEqual([
      ['2026-01-22', 'batch_retry_enabled'],
      ['2026-01-23', 'idempotency_key_format_v2'],
      ['2026-01-23', 'fulfillment_webhook_async'],
      ['2026-01-24', 'apply-tcp-tuning'],
      ['2026-01-28', 'circuit-breaker-threshold'],
      ['2026-02-01', 'order-processing-service'],
    ])
    const all = `${text('fulfilment/changes.jsonl')}${text('fulfilment/alerts.csv')}${manifest}`
    const tickets =
      'PD-78901 PD-78902 OPS-1847 OPS-1848 FG-502 SF-789 FULFILL-890 FULFILL-895 INFRA-3101 OPS-847 PLAT-925 10100 10200'
    expect(tickets.split(' ').filter((ticket) => !all.includes(ticket))).toEqual([])
    expect(all).toMatch(/16 MB to 4 MB on 12 nodes, about 2 GB/)
    expect(manifest).toMatch(/value: 45\+, unit: min/)
    expect(manifest).toContain('120+')
  })
})

describe('overnight', () => {
  const drafts = rows('overnight/drafts.csv.gz')
  const doubled = repeated(drafts, 'order_ref')
  const billing = lines('overnight/batch-billing-log.txt')

  it('46,217 rows, of which 1,842 have an order that is there already', () => {
    expect(drafts).toHaveLength(46_217)
    expect(doubled).toHaveLength(1842)
    expect(new Set(doubled.map((group) => group.length))).toEqual(new Set([2]))
    expect(drafts.length - new Set(column(drafts, 'order_ref')).size).toBe(1842)
    expect(new Set(column(drafts, 'run_id'))).toEqual(new Set(['2026-06-03T02:00']))
  })

  it('the doubled ones are all of segments 7 to 12', () => {
    const segments = new Set(doubled.flatMap((group) => column(group, 'segment')))
    expect([...segments].map(Number).toSorted((a, b) => a - b)).toEqual([7, 8, 9, 10, 11, 12])
    const inside = drafts.filter((row) => segments.has(row['segment'] ?? ''))
    expect(inside).toHaveLength(2 * 1842)
  })

  it('first rows lie before the failover, second rows after the second attempt began', () => {
    for (const [first, second] of doubled) {
      expect((first?.['created_at'] ?? '') < '2026-06-03 02:14:52').toBe(true)
      expect((second?.['created_at'] ?? '') >= '2026-06-03 02:15:10').toBe(true)
    }
  })

  it('the night has 4.1 % more rows than the one before', () => {
    const [before = 0, after = 0] = numbers(metric('overnight/metrics.csv', 'invoice_run_rows'), 'value')
    expect(after).toBe(46_217)
    expect(((after / before - 1) * 100).toFixed(1)).toBe('4.1')
  })

  it('the lines of the logs stand at their seconds', () => {
    const stamped = (time: string, words: string): boolean =>
      [...billing, ...lines('overnight/reconciliation-log.txt')].some(
        (line) => line.startsWith(`2026-06-03 ${time} `) && line.includes(words),
      )
    const told: readonly (readonly [string, string])[] = [
      ['02:14:52', '38 conns dropped'],
      ['02:14:55', 'stage=invoice-generation attempt=1 failed'],
      ['02:15:09', 'now: standby-2, post-failover'],
      ['02:15:10', 'attempt=2 starting (segments 7-12)'],
      ['02:15:10', 'no idempotency key configured'],
      ['02:58:41', 'status=SUCCESS rows=46,217 (+4.1%)'],
      ['04:30:00', 'check started'],
      ['04:36:02', '1,842 draft invoices share order_ref'],
      ['04:36:02', '7,8,9,10,11,12; run_id=2026-06-03T02:00'],
      ['04:36:03', 'HELD until 07:00'],
      ['04:36:04', 'paging billing on-call'],
    ]
    expect(told.filter(([time, words]) => !stamped(time, words))).toEqual([])
  })

  it('the time line begins and ends in local summer time, 3 h 12 min apart', () => {
    const times = [...text('overnight/incident.yaml').matchAll(/^\s+at: (\S+),$/gm)].map(
      ([, time = '']) => time,
    )
    expect(times).toHaveLength(12)
    expect(times.every((time) => time.endsWith('+02:00'))).toBe(true)
    expect(Date.parse(times.at(-1) ?? '') - Date.parse(times[0] ?? '')).toBe((3 * 60 + 12) * 60_000)
    expect(text('overnight/incident.yaml')).toMatch(/41 seconds/)
  })

  it('each measure has its day and its state, three done and two open', () => {
    const manifest = text('overnight/incident.yaml')
    const due = [...manifest.matchAll(/due: (\S+),\n\s+status: (\w+)/g)].map(
      ([, day, status]) => `${day} ${status}`,
    )
    expect(due).toEqual([
      '2026-06-12 done',
      '2026-06-10 done',
      '2026-06-11 done',
      '2026-07-03 open',
      '2026-07-10 open',
    ])
    expect(manifest).toContain('LH-731')
    expect(manifest).toContain('batch-billing#498')
  })
})

describe('double charges', () => {
  const access = rows('double-charges/checkout-access.csv.gz')
  const violations = lines('double-charges/violations.txt')
  const since = access.filter((row) => (row['at'] ?? '') >= '2026-03-10T14:20')
  const failed = (list: readonly Row[]): number => list.filter((row) => row['status'] === '500').length

  it('12 customers have two charges, of ids of their own and one amount', () => {
    const doubled = repeated(rows('double-charges/charges.csv.gz'), 'customer')
    expect(doubled.map((group) => group.length)).toEqual(Array.from({ length: 12 }, () => 2))
    for (const group of doubled) {
      expect(new Set(column(group, 'charge_id')).size).toBe(2)
      expect(new Set(column(group, 'amount_minor')).size).toBe(1)
    }
  })

  it('5 % of checkouts fail since 14:20, and below 0.5 % before', () => {
    expect(Math.round((failed(since) / since.length) * 100)).toBe(5)
    const before = access.filter((row) => (row['at'] ?? '') < '2026-03-10T14:20')
    expect(failed(before) / before.length).toBeLessThan(0.005)
  })

  it('the constraint is violated 40 times an hour, first at 14:20, 25 minutes after v2.8.1', () => {
    expect(violations.every((line) => line.includes('orders_payment_id_key'))).toBe(true)
    expect(violations[0]).toMatch(/^2026-03-10T14:20:/)
    for (const hour of ['15', '16', '17', '18']) {
      const inHour = violations.filter((line) => line.startsWith(`2026-03-10T${hour}:`)).length
      expect(Math.abs(inHour - 40), hour).toBeLessThanOrEqual(1)
    }
    const deploy = jsonRows('double-charges/changes.jsonl').find((row) => row['name'] === 'v2.8.1')
    expect(deploy?.['at']).toBe('2026-03-10T13:55:00.000Z')
    expect(deploy?.['text']).toContain('from 2 to 6 tasks')
  })

  it('there were 2 tasks before the deploy and 6 after it, and the peak lies between 14:00 and 19:00', () => {
    const tasks = metric('double-charges/metrics.csv', 'ecs_running_tasks')
    const isBefore = (row: Row): boolean => (row['at'] ?? '') < '2026-03-10T13:55'
    expect(new Set(column(tasks.filter(isBefore), 'value'))).toEqual(new Set(['2']))
    expect(
      new Set(
        column(
          tasks.filter((row) => !isBefore(row)),
          'value',
        ),
      ),
    ).toEqual(new Set(['6']))
    const perHour = Map.groupBy(access, (row) => row['at']?.slice(11, 13) ?? '')
    const [quiet, busy] = [perHour.get('13')?.length ?? 0, perHour.get('15')?.length ?? 0]
    expect(busy).toBeGreaterThan(2 * quiet)
  })

  it('says nothing that would settle what the report leaves open', () => {
    const all = `${text('double-charges/violations.txt')}${text('double-charges/metrics.csv')}${text('double-charges/code/create-order.js')}`
    expect(all).not.toMatch(/webhook|pool|timeout|retry|restart|crash|session/i)
  })
})

describe('orders twice', () => {
  const requests = rows('orders-twice/requests.csv.gz')
  const doubled = repeated(requests, 'order_id')

  it('a few orders a day of tens of thousands', () => {
    const orders = new Set(column(requests, 'order_id')).size
    expect(orders).toBeGreaterThan(20_000)
    expect(doubled.length).toBeGreaterThanOrEqual(3)
    expect(doubled.length).toBeLessThanOrEqual(8)
    expect(repeated(rows('orders-twice/captures.csv.gz'), 'order_id').length).toBe(doubled.length)
  })

  it('came some 40 ms apart on two workers, to the microsecond, and both heard no', () => {
    for (const gap of gapsOf(doubled, 'at')) {
      expect(gap).toBeGreaterThanOrEqual(35)
      expect(gap).toBeLessThanOrEqual(45)
    }
    for (const group of doubled) {
      expect(new Set(column(group, 'worker_id')).size).toBe(2)
      expect(column(group, 'seen_before')).toEqual(['no', 'no'])
      expect(group[0]?.['at']).toMatch(/\.\d{6}Z$/)
    }
  })

  it('each has two mails, two events and one refused row', () => {
    const log = lines('orders-twice/app-log.txt')
    for (const [first] of doubled) {
      const own = log.filter((line) => line.includes(`order_id=${first?.['order_id'] ?? ''} `))
      const places = ['orders.mail', 'orders.events', 'orders.store']
      expect(places.map((place) => own.filter((line) => line.includes(place)).length)).toEqual([2, 2, 1])
    }
  })

  it('lie in minutes in which the pool is full, of which there are more', () => {
    const full = metric('orders-twice/metrics.csv.gz', 'payment_client_pool_used_ratio')
      .filter((row) => row['value'] === '1')
      .map((row) => row['at']?.slice(0, 16) ?? '')
    const minutes = doubled.map(([first]) => first?.['at']?.slice(0, 16) ?? '')
    expect(minutes.filter((minute) => !full.includes(minute))).toEqual([])
    expect(full.length).toBeGreaterThan(minutes.length)
  })
})

describe('registrations', () => {
  const access = rows('registrations/partner-access.csv')

  it('CUST_7890 came at 10:30:15, 17 and 19, with equal bodies, and has three records', () => {
    const own = access.filter((row) => row['customer_id'] === 'CUST_7890')
    expect(own.map((row) => row['at']?.slice(11, 19))).toEqual(['10:30:15', '10:30:17', '10:30:19'])
    expect(new Set(column(own, 'body_digest')).size).toBe(1)
    expect(own.map((row) => [row['status'], row['duration_ms']])).toEqual([
      ['202', '2500'],
      ['202', '180'],
      ['202', '195'],
    ])
    const records = rows('registrations/records.csv').filter((row) => row['customer_id'] === 'CUST_7890')
    expect(records).toHaveLength(3)
  })

  it('others that come again do so three times, and most come once', () => {
    const groups = repeated(access, 'customer_id')
    expect(new Set(groups.map((group) => group.length))).toEqual(new Set([3]))
    expect(groups.length).toBeLessThan(new Set(column(access, 'customer_id')).size / 10)
  })
})

describe('webhooks', () => {
  const payments = rows('webhooks/payments.csv')
  const callbacks = new Set(column(rows('webhooks/callbacks.csv'), 'payment_id'))
  const deliveries = rows('webhooks/deliveries.csv')

  it('15 payments are completed, 8 have a callback and 7 have none', () => {
    expect(column(payments, 'payment_status')).toEqual(Array.from({ length: 15 }, () => 'completed'))
    expect(callbacks.size).toBe(8)
    expect(column(payments, 'payment_id').filter((id) => !callbacks.has(id))).toHaveLength(7)
  })

  it('what did not arrive was refused or took the 5 seconds of the sender, neither in most cases', () => {
    const lost = deliveries.filter((row) => !callbacks.has(row['payment_id'] ?? ''))
    const slow = lost.filter((row) => row['status'] === 'timeout' && row['duration_ms'] === '5000').length
    const refused = lost.filter((row) => /^4\d\d$/.test(row['status'] ?? '')).length
    expect(slow + refused).toBe(7)
    expect(Math.max(slow, refused) / 7).toBeLessThan(0.6)
  })

  it('some arrive before, between and after those that do not', () => {
    const arrived = column(deliveries, 'payment_id').map((id) => callbacks.has(id))
    expect(arrived[0]).toBe(true)
    expect(arrived.at(-1)).toBe(true)
    expect(arrived.slice(arrived.indexOf(false), arrived.lastIndexOf(false))).toContain(true)
  })
})
