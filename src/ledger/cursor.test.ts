import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refOf } from '../kernel/ids.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

describe('a cursor', () => {
  it('is undone, and safe in a URL', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4_000_000_000_000 }), fc.string(), (claimedAtMs, key) => {
        const position = { claimedAtMs, ref: refOf('scope', 'operation', key) }
        const cursor = encodeCursor(position)
        expect(cursor).toMatch(/^[\w-]+$/)
        expect(decodeCursor(cursor)).toEqual(position)
      }),
    )
  })

  it.each<readonly [string, unknown]>([
    ['nothing', ''],
    ['any text', 'next'],
    ['a ref', 'bzhw7p4ygk25316hnkzs38hk'],
    ['a time alone', Buffer.from('1768478400000').toString('base64url')],
    ['a time that is none', Buffer.from('soon/bzhw7p4ygk25316hnkzs38hk').toString('base64url')],
    ['no time', Buffer.from('/bzhw7p4ygk25316hnkzs38hk').toString('base64url')],
    ['a blank for a time', Buffer.from(' /bzhw7p4ygk25316hnkzs38hk').toString('base64url')],
    ['a ref that is none', Buffer.from("1/' OR 1=1 --").toString('base64url')],
    ['a number', 42],
    ['null', null],
    ['an object', {}],
  ])('that is %s is OPTION_INVALID', (_, cursor) => {
    expect(() => decodeCursor(cursor as string)).toThrow(/cursor must be the "next" of the page before/)
  })
})
