import { DatabaseSync } from 'node:sqlite'

/** The shop's own table of orders, one file for all workers. What most shops have, with or without a ledger. */
export interface OrderTable {
  has(order: string): boolean
  /** Saves the order as paid. Saving it again changes nothing. */
  save(order: string, chargeId: string): void
  close(): void
}

export function openOrderTable(path: string): OrderTable {
  const database = new DatabaseSync(path)
  // Workers are killed, the machine is not: what the operating system has been given is safe without a sync.
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF')
  database.exec('CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, charge_id TEXT NOT NULL)')
  const find = database.prepare('SELECT 1 FROM orders WHERE order_id = ?')
  const insert = database.prepare(
    'INSERT INTO orders (order_id, charge_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )
  return {
    has: (order) => find.get(order) !== undefined,
    save: (order, chargeId) => {
      insert.run(order, chargeId)
    },
    close: () => database.close(),
  }
}
