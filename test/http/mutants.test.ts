import { expect, it } from 'vitest'
import { filesBelow, readText } from '../support/repo.ts'
import { httpMutantIds } from './support/http-mutants.ts'

it('every mutant of the HTTP engine is caught by a sentence', () => {
  const sentences = filesBelow('test/http', /\.test\.ts$/)
    .map(readText)
    .join('\n')
  expect(httpMutantIds.filter((id) => !sentences.includes(`'${id}'`))).toEqual([])
})
