import { expect, it } from 'vitest'
import { errorCodes } from '../../src/kernel/error-codes.ts'
import { isPresent, readText } from '../support/repo.ts'

const document = 'docs/reference/errors.md'

it(`${document} explains every code, and no other`, (context) => {
  if (!isPresent(document)) return context.skip(`${document} is not written yet`)
  const text = readText(document)
  const headings = [...text.matchAll(/^##+ `?([A-Z][A-Z0-9_]+)`?$/gm)]
  const rows = [...text.matchAll(/^\| *`([A-Z][A-Z0-9_]+)` *\|/gm)]
  const explained = new Set([...headings, ...rows].map((match) => match[1] ?? ''))
  const known = new Set<string>(errorCodes)
  expect([...known].filter((code) => !explained.has(code))).toEqual([])
  expect([...explained].filter((code) => !known.has(code))).toEqual([])
})
