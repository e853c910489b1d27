import { describe, expect, it } from 'vitest'
import { readKey } from './key-syntax.ts'
import type { KeySyntax } from './profiles.ts'

/** The value of the header, and what each syntax reads: `undefined` for malformed. */
const readings: readonly (readonly [value: string, Readonly<Record<KeySyntax, string | undefined>>])[] = [
  ['"8e03978e"', { 'sf-string': '8e03978e', 'sf-or-bare': '8e03978e', bare: undefined }],
  ['8e03978e-40d5', { 'sf-string': undefined, 'sf-or-bare': '8e03978e-40d5', bare: '8e03978e-40d5' }],
  ['  "a"  ', { 'sf-string': 'a', 'sf-or-bare': 'a', bare: undefined }],
  ['"a";v=1;w="x"', { 'sf-string': 'a', 'sf-or-bare': 'a', bare: undefined }],
  ['a;v=1', { 'sf-string': undefined, 'sf-or-bare': 'a', bare: undefined }],
  [
    String.raw`"a\"b\\c"`,
    { 'sf-string': String.raw`a"b\c`, 'sf-or-bare': String.raw`a"b\c`, bare: undefined },
  ],
  [String.raw`"a\nb"`, { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['"a b"', { 'sf-string': 'a b', 'sf-or-bare': 'a b', bare: undefined }],
  ['a b', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['12', { 'sf-string': undefined, 'sf-or-bare': '12', bare: '12' }],
  [':YWJj:', { 'sf-string': undefined, 'sf-or-bare': ':YWJj:', bare: ':YWJj:' }],
  ['"a", "b"', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['a, a', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['("a" "b")', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['"grün"', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['grün', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['"open', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['""', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  ['', { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
  [`"${'k'.repeat(255)}"`, { 'sf-string': 'k'.repeat(255), 'sf-or-bare': 'k'.repeat(255), bare: undefined }],
  [`"${'k'.repeat(256)}"`, { 'sf-string': undefined, 'sf-or-bare': undefined, bare: undefined }],
]

describe.each(['sf-string', 'sf-or-bare', 'bare'] as const)('a key written as %s', (syntax) => {
  it.each(readings)('reads %s', (value, expected) => {
    const reading = readKey(value, syntax)
    expect(reading.kind === 'key' ? reading.key : undefined).toBe(expected[syntax])
  })
})
