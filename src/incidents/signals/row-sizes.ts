import type { BundleRow } from '../bundle/row.ts'
import type { Material } from './material.ts'

const itemNames = /^(items?|orders?|order_?count|item_?count|count|lines?|batch_?size|rows|records|entries)$/i

/** The size of a row: its bytes, else its count of items, else the bytes that another source tells of its reference. */
export function rowSizes(m: Material): (row: BundleRow) => number | undefined {
  const told = new Map<string, number>()
  for (const { ref, bytes } of m.rows('deliveries', 'requests', 'ledger', 'effects'))
    if (ref !== undefined && bytes !== undefined) told.set(ref, Math.max(bytes, told.get(ref) ?? 0))
  return ({ bytes, rest = {}, ref }) => {
    if (bytes !== undefined) return bytes
    const items = Object.entries(rest).find(([name, value]) => itemNames.test(name) && /^\d+$/.test(value))
    if (items !== undefined) return Number(items[1])
    return ref === undefined ? undefined : told.get(ref)
  }
}
