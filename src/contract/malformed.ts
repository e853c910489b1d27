import { randomUUID } from 'node:crypto'
import type { Twist } from './bench.ts'
import type { Malformation } from './profiles.ts'

const writers: Readonly<Record<Malformation, () => Twist>> = {
  'bare-token': () => lines(`k${randomUUID()}`),
  integer: () => lines(String(Math.floor(Math.random() * 1e12))),
  'byte-sequence': () => lines(`:${Buffer.from(randomUUID()).toString('base64')}:`),
  'bad-escape': () => lines(`"${randomUUID()}\\x"`),
  unterminated: () => lines(`"${randomUUID()}`),
  'non-ascii': () => lines(`"${randomUUID()}-\u00e9"`),
  list: () => lines(`"${randomUUID()}", "${randomUUID()}"`),
  'two-lines': () => lines(`"${randomUUID()}"`, `"${randomUUID()}"`),
  'too-long': () => lines('k'.repeat(256)),
  'bad-first-sent': () => ({ firstSent: 'yesterday' }),
}

function lines(...keyLines: readonly string[]): Twist {
  return { keyLines }
}

/** A key that is written as the profile forbids, another one each time. */
export function malformed(kind: Malformation): Twist {
  return writers[kind]()
}
