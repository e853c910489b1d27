import { describe, expect, test } from 'vitest'
import { bytesOf, parseRow } from './rows.ts'

describe('a row as text', () => {
  test.each([
    ['(1,a,,f)', ['1', 'a', null, 'f']],
    ['(,)', [null, null]],
    ['(a,)', ['a', null]],
    ['("")', ['']],
    ['("a,b","(c)",d)', ['a,b', '(c)', 'd']],
    ['("say ""hi""","""","back\\\\slash")', ['say "hi"', '"', 'back\\slash']],
    ['(a,"")', ['a', '']],
    ['("\\\\x00ff",NULL,"a b")', ['\\x00ff', 'NULL', 'a b']],
    ['("{""a"":""\\\\u0000 \\\\""x\\\\""""}")', ['{"a":"\\u0000 \\"x\\""}']],
  ])('%s', (text, cells) => {
    expect(parseRow(text)).toEqual(cells)
  })
})

describe('bytes', () => {
  test.each([
    ['\\x', []],
    ['\\x00ff10', [0, 255, 16]],
    ['', []],
    ['a\\000\\\\\\377', [97, 0, 92, 255]],
  ])('%s', (text, bytes) => {
    expect([...bytesOf(text)]).toEqual(bytes)
  })
})
