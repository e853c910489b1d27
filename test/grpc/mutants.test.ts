import { expect, it } from 'vitest'
import { filesBelow, readText } from '../support/repo.ts'
import { grpcMutants } from './support/mutants.ts'

it('every mutant of the gRPC interceptors is caught by a sentence', () => {
  const sentences = filesBelow('test/grpc', /\.test\.ts$/)
    .map(readText)
    .join('\n')
  expect(Object.keys(grpcMutants).filter((id) => !sentences.includes(`'${id}'`))).toEqual([])
})
