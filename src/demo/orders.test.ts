import { expect, test } from 'vitest'
import { isOncewardError } from '../kernel/errors.ts'
import { parseDemoOptions } from './options.ts'
import { parseOrders, readOrders } from './orders.ts'

const header = 'order_id,customer,email,amount,currency,sku,quantity,placed_at'
const good = 'A-1,Ada,ada@example.com,1200,EUR,MUG-01,2,2026-03-01T09:30:00Z'

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isOncewardError(error, 'OPTION_INVALID')) return error.message
    throw error
  }
  throw new Error('it was taken')
}

/** The row with one field changed. */
function withField(name: string, value: string): string {
  const fields = good.split(',')
  fields[header.split(',').indexOf(name)] = value
  return fields.join(',')
}

test('a good row becomes an order', () => {
  expect(parseOrders(`${header}\n${good}\n`, 'x.csv')).toEqual([
    {
      id: 'A-1',
      customer: 'Ada',
      email: 'ada@example.com',
      amount: 1200,
      currency: 'EUR',
      sku: 'MUG-01',
      quantity: 2,
      placedAt: '2026-03-01T09:30:00Z',
    },
  ])
})

test('the bundled file has at least 1,000 orders', () => {
  expect(readOrders(parseDemoOptions({}).ordersPath).length).toBeGreaterThanOrEqual(1_000)
})

test.each([
  ['a byte order mark', `\uFEFF${header}\n${good}\n`],
  ['Windows line ends', `${header}\r\n${good}\r\n`],
  ['no last line end', `${header}\n${good}`],
  ['empty lines', `${header}\n\n${good}\n\n`],
  [
    'quotes',
    `${header}\n"A-1","Lovelace, ""Ada""","ada@example.com","1200","EUR","MUG-01","2","2026-03-01T09:30:00Z"\n`,
  ],
  [
    'columns in another order, and one more',
    `note,${header.split(',').toReversed().join(',')}\nhi,${good.split(',').toReversed().join(',')}\n`,
  ],
])('%s is fine', (_what, text) => {
  expect(parseOrders(text, 'x.csv').map((order) => order.amount)).toEqual([1200])
})

test.each([
  ['order_id', ''],
  ['order_id', 'has space'],
  ['order_id', 'x'.repeat(65)],
  ['customer', ''],
  ['email', 'ada'],
  ['email', 'a@b@example.com'],
  ['email', 'ada@example.com\u0000'],
  ['amount', '12.50'],
  ['amount', '0'],
  ['amount', '-5'],
  ['amount', '1e3'],
  ['amount', '9'.repeat(13)],
  ['amount', 'NaN'],
  ['currency', 'eur'],
  ['currency', 'EURO'],
  ['sku', ''],
  ['quantity', '0'],
  ['quantity', '1.5'],
  ['placed_at', 'yesterday'],
  ['placed_at', '2026-03-01'],
  ['placed_at', '2026-02-30T00:00:00Z'],
  ['placed_at', '2026-13-01T00:00:00Z'],
])('%s %j is refused, naming line, column and value', (name, value) => {
  const message = refusal(() => parseOrders(`${header}\n${good}\n${withField(name, value)}\n`, 'x.csv'))
  expect(message).toContain(`x.csv line 3: ${name} must be `)
  expect(message).toContain(`got ${JSON.stringify(value)}`)
})

test.each([
  ['', 'is empty'],
  ['\n\n', 'is empty'],
  [`${header}\n`, 'no order'],
  ['order_id,customer\n1,Ada\n', 'lacks the columns email, amount, currency, sku, quantity, placed_at'],
  [header.replaceAll(',', ';'), 'lacks the columns'],
  [`${header},amount\n${good},3\n`, 'names the column amount twice'],
  [`${header}\n${good},too,many\n`, 'line 2: expected 8 columns, got 10'],
  [`${header}\nA-1,Ada\n`, 'line 2: expected 8 columns, got 2'],
  [`${header}\n${good}\n${withField('sku', 'B')}\n`, 'line 3: order_id "A-1" is already on line 2'],
  [`${header}\n"A-1,Ada\n`, 'is not CSV: Quote Not Closed'],
  [`${header}\nA-1,${'x'.repeat(70_000)}\n`, 'is not CSV'],
])('%j is refused: %s', (text, expected) => {
  expect(refusal(() => parseOrders(text, 'x.csv'))).toContain(expected)
})

test('several bad rows are named, many are counted', () => {
  const rows = Array.from({ length: 8 }, (_, index) => withField('amount', '0').replace('A-1', `A-${index}`))
  const message = refusal(() => parseOrders(`${header}\n${rows.join('\n')}\n`, 'x.csv'))
  expect(message).toContain('line 2: amount')
  expect(message).toContain('line 6: amount')
  expect(message).not.toContain('line 7')
  expect(message).toContain('(and 3 more)')
})

test('a file that is absent, a folder, or no text is refused by its name', () => {
  expect(refusal(() => readOrders('/no/such/orders.csv'))).toContain('/no/such/orders.csv')
  expect(refusal(() => readOrders(import.meta.dirname))).toContain(import.meta.dirname)
  expect(refusal(() => readOrders(process.execPath))).toMatch(/--orders|UTF-8/)
})
