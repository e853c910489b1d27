import { isOncewardError } from '../../kernel/errors.ts'
import type { Intent } from '../../ledger/intent.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { EffectKind } from '../schedule.ts'
import type { Order } from '../orders.ts'
import type { Effects } from './effects.ts'
import type { OrderTable } from './order-table.ts'

/** How long a request waits for another worker that has the same order in hand. */
const waitMs = 8_000

export interface Shop {
  readonly effects: Effects
  readonly table: OrderTable
}

/** The answer to `POST /orders`. */
export interface Answer {
  readonly status: 200 | 201 | 202
  /** Effects that a person has to look into. */
  readonly inDoubt?: readonly EffectKind[]
}

/**
 * The order as many shops take it: known orders are answered at once, new ones are paid, saved, dispatched and
 * confirmed. Every line is right as long as no worker dies and nobody asks twice at the same time.
 */
export async function takeOrder(shop: Shop, order: Order): Promise<Answer> {
  const { effects, table } = shop
  if (table.has(order.id)) return { status: 200 }
  const { chargeId } = await effects.charge(order)
  table.save(order.id, chargeId)
  await effects.dispatch(order)
  await effects.mail(order)
  return { status: 201 }
}

/** The same with each effect behind the ledger. The look at the table is gone: the ledger knows what was done. */
export async function takeOrderOnce(shop: Shop, once: Onceward, order: Order): Promise<Answer> {
  const { effects, table } = shop
  const { id, amount, currency, sku, quantity, email } = order
  const about = { key: ['order', id], subject: `order:${id}`, waitMs }

  const charge: Intent = { operation: 'charge', ...about, input: { amount, currency } }
  const { chargeId } = await once.run(charge, (attempt) => effects.charge(order, attempt.effectKey))
  table.save(id, chargeId)

  const dispatch: Intent = { operation: 'dispatch', ...about, input: { sku, quantity } }
  const dispatched = await unlessInDoubt(once.run(dispatch, () => effects.dispatch(order)))

  const mail: Intent = { operation: 'mail', ...about, input: { to: email } }
  const mailed = await unlessInDoubt(once.run(mail, () => effects.mail(order)))

  if (dispatched && mailed) return { status: 201 }
  return {
    status: 202,
    inDoubt: [...(dispatched ? [] : ['dispatch' as const]), ...(mailed ? [] : ['mail' as const])],
  }
}

/** An effect in doubt is no reason to turn the customer away: a person will look into it. */
async function unlessInDoubt(effect: Promise<unknown>): Promise<boolean> {
  try {
    await effect
    return true
  } catch (error) {
    if (isOncewardError(error, 'IN_DOUBT')) return false
    throw error
  }
}
