import type { Intent, Onceward, OperationOptions } from '../../../src/index.ts'

/** The operation that everybody does: a charge that takes no time, with a small input and a small result. */
export const operation = 'charge'

export const operations: Readonly<Record<string, OperationOptions>> = {
  [operation]: { safety: { kind: 'keyed', keyLifetimeMs: 86_400_000 } },
}

/** The number of the order that operation `n` is about. */
export function orderOf(n: number): number {
  return 1_000_000 + n
}

export function intentOf(n: number, withSubject: boolean): Intent {
  const order = orderOf(n)
  return {
    operation,
    key: ['order', order],
    input: { order, amount: 4_200, currency: 'EUR' },
    ...(withSubject ? { subject: `order:${order}` } : {}),
  }
}

/** What the provider of a real charge would answer. */
export function charged(effectKey: string): { readonly id: string; readonly status: string } {
  return { id: `ch_${effectKey}`, status: 'succeeded' }
}

/** Settles the entries 0 to `count`, a few hundred at a time. */
export async function settleAll(once: Onceward, count: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const numbers = Array.from({ length: Math.min(500, count - from) }, (_, index) => from + index)
    await Promise.all(
      numbers.map((n) => once.run(intentOf(n, false), (attempt) => charged(attempt.effectKey))),
    )
  }
}
