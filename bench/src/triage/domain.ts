import type { Random } from './random.ts'

/** What a service does, in its own words. */
export interface Domain {
  /** The business thing. */
  readonly thing: string
  /** What is done for it, and its plural. */
  readonly effect: string
  readonly effects: string
  readonly verb: string
  readonly service: string
  /** Who does it in the end. */
  readonly provider: string
  readonly path: string
  readonly eventType: string
  payload(random: Random, customer: string): Record<string, unknown>
}

const currencies = ['EUR', 'USD', 'GBP', 'SEK']

export const domains: readonly Domain[] = [
  {
    thing: 'order',
    effect: 'charge',
    effects: 'charges',
    verb: 'charged',
    service: 'checkout',
    provider: 'payments',
    path: '/v1/charges',
    eventType: 'payment.requested',
    payload: (random, customer) => ({
      amount: random.int(500, 90_000),
      currency: random.pick(currencies),
      customer,
      captured: true,
    }),
  },
  {
    thing: 'parcel',
    effect: 'shipment',
    effects: 'shipments',
    verb: 'dispatched',
    service: 'fulfilment',
    provider: 'carrier',
    path: '/api/shipments',
    eventType: 'parcel.packed',
    payload: (random, customer) => ({
      weight_g: random.int(80, 20_000),
      service: random.pick(['standard', 'express']),
      recipient: customer,
      zip: String(random.int(10_000, 99_999)),
    }),
  },
  {
    thing: 'account',
    effect: 'invoice',
    effects: 'invoices',
    verb: 'invoiced',
    service: 'billing',
    provider: 'accounting',
    path: '/invoices',
    eventType: 'period.closed',
    payload: (random, customer) => ({
      total: random.int(900, 400_000),
      lines: random.int(1, 9),
      currency: random.pick(currencies),
      debtor: customer,
    }),
  },
  {
    thing: 'message',
    effect: 'mail',
    effects: 'mails',
    verb: 'sent',
    service: 'notifier',
    provider: 'mail relay',
    path: '/send',
    eventType: 'mail.queued',
    payload: (random, customer) => ({
      template: random.pick(['welcome', 'receipt', 'reminder', 'dunning']),
      to: customer,
      locale: random.pick(['de', 'en', 'fr']),
    }),
  },
  {
    thing: 'application',
    effect: 'registration',
    effects: 'registrations',
    verb: 'registered',
    service: 'enrolment',
    provider: 'registry',
    path: '/registrations',
    eventType: 'application.approved',
    payload: (random, customer) => ({
      course: `K${random.int(100, 999)}`,
      term: random.pick(['spring', 'autumn']),
      applicant: customer,
      fee: random.int(0, 60) * 100,
    }),
  },
  {
    thing: 'payout',
    effect: 'transfer',
    effects: 'transfers',
    verb: 'transferred',
    service: 'treasury',
    provider: 'bank',
    path: '/transfers',
    eventType: 'payout.approved',
    payload: (random, customer) => ({
      amount: random.int(1_000, 900_000),
      currency: random.pick(currencies),
      beneficiary: customer,
      purpose: random.pick(['salary', 'refund', 'commission']),
    }),
  },
  {
    thing: 'request',
    effect: 'refund',
    effects: 'refunds',
    verb: 'refunded',
    service: 'returns',
    provider: 'acquirer',
    path: '/v2/refunds',
    eventType: 'return.accepted',
    payload: (random, customer) => ({
      amount: random.int(300, 50_000),
      reason: random.pick(['damaged', 'late', 'wrong item']),
      customer,
    }),
  },
]
