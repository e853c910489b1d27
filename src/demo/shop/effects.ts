import { createTransport } from 'nodemailer'
import type { Order } from '../orders.ts'

/** The shop's three effects, as any shop would call them. Both halves of the demo use this very code. */
export interface Effects {
  /** With `idempotencyKey`, the provider charges once per key. */
  charge(order: Order, idempotencyKey?: string): Promise<{ readonly chargeId: string }>
  dispatch(order: Order): Promise<{ readonly shipmentId: string }>
  mail(order: Order): Promise<{ readonly messageId: string }>
}

export interface ChargeRequest {
  readonly order: string
  readonly amount: number
  readonly currency: string
}

export interface DispatchRequest {
  readonly order: string
  readonly sku: string
  readonly quantity: number
}

/** Says which worker process sent a request. */
export const workerHeader = 'x-shop-worker'
/** Wall-clock milliseconds after which the partner must not carry a request out any more. */
export const expiresHeader = 'x-expires-at'

/** Longer than the slowest answer of the provider: the worker waits for it, the client does not. */
const chargeTimeoutMs = 10_000
export const dispatchTimeoutMs = 2_000
const mailTimeoutMs = 10_000

interface EffectsOptions {
  readonly worker: string
  readonly providerUrl: string
  readonly partnerUrl: string
  readonly mailUrl: string
}

export function makeEffects(options: EffectsOptions): Effects {
  const { worker, providerUrl, partnerUrl } = options
  const { hostname, port } = new URL(options.mailUrl)
  const mailer = createTransport({
    pool: true,
    maxConnections: 8,
    maxMessages: Number.POSITIVE_INFINITY,
    // The mailer must never send a message again by itself: whether to is the question here.
    maxRequeues: 0,
    host: hostname,
    port: Number(port),
    name: worker,
    ignoreTLS: true,
    connectionTimeout: mailTimeoutMs,
    greetingTimeout: mailTimeoutMs,
    socketTimeout: mailTimeoutMs,
  })
  return {
    charge: async ({ id, amount, currency }, idempotencyKey) => {
      const headers = {
        [workerHeader]: worker,
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      }
      const request: ChargeRequest = { order: id, amount, currency }
      return await post(`${providerUrl}/charges`, request, { headers, timeoutMs: chargeTimeoutMs })
    },
    dispatch: async ({ id, sku, quantity }) => {
      const headers = { [workerHeader]: worker, [expiresHeader]: String(Date.now() + dispatchTimeoutMs) }
      const request: DispatchRequest = { order: id, sku, quantity }
      return await post(`${partnerUrl}/dispatches`, request, { headers, timeoutMs: dispatchTimeoutMs })
    },
    mail: async (order) => {
      const { messageId } = await mailer.sendMail({
        envelope: { from: senderOf(order.id), to: order.email },
        from: { name: 'The shop', address: 'orders@shop.example' },
        to: { name: order.customer, address: order.email },
        subject: `Your order ${order.id}`,
        text: `Hello ${order.customer},\n\nthank you for your order of ${order.quantity} x ${order.sku}.\n`,
      })
      return { messageId }
    },
  }
}

interface PostOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

async function post<T>(url: string, body: unknown, options: PostOptions): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(options.timeoutMs),
  })
  if (!response.ok)
    throw new Error(`${url} answered ${response.status}: ${(await response.text()).slice(0, 200)}`)
  return (await response.json()) as T
}

/** The envelope's sender carries the order, as bounce addresses do: `orders+ORD-1001@shop.example`. */
function senderOf(order: string): string {
  const escaped = order.replaceAll(
    /[^\w-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `orders+${escaped}@shop.example`
}

export function orderOfSender(address: string): string {
  return decodeURIComponent(/^orders\+(.+)@shop\.example$/.exec(address)?.[1] ?? '')
}
