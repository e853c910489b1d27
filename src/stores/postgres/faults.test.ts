import { describe, expect, test } from 'vitest'
import { breaksConnection, faultOf, type Phase } from './faults.ts'

function serverError(code: string): Error {
  return Object.assign(new Error('as the server says'), { code, severity: 'ERROR' })
}

function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 127.0.0.1:1`), { code, syscall: 'connect' })
}

const place = 'postgres://db.example/shop'

describe('what an error of the server means, where the statement commits by itself', () => {
  test.each([
    ['40001', 'conflict'],
    ['40P01', 'conflict'],
    ['55P03', 'conflict'],
    ['XX000', 'conflict'],
    ['26000', 'conflict'],
    ['0A000', 'conflict'],
    ['08006', 'lost'],
    ['08003', 'lost'],
    ['57P01', 'lost'],
    ['57P02', 'lost'],
    ['57P03', 'lost'],
    ['57014', 'lost'],
    ['40003', 'lost'],
    ['25006', 'unavailable'],
    ['53100', 'unavailable'],
    ['53300', 'unavailable'],
    ['42501', 'unavailable'],
    ['58030', 'unavailable'],
    ['22021', 'rejected'],
    ['22P02', 'rejected'],
    ['23505', 'rejected'],
    ['54000', 'rejected'],
    ['21000', 'rejected'],
    ['42P01', 'incompatible'],
    ['42703', 'incompatible'],
  ])('%s is %s', (code, kind) => {
    expect(faultOf(serverError(code), 'commit', place)).toMatchObject({
      kind,
      message: `${place}: as the server says`,
    })
  })
})

describe('what an error of the network means', () => {
  test.each<[string, Phase, string]>([
    ['ECONNREFUSED', 'connect', 'unavailable'],
    ['ENOTFOUND', 'connect', 'unavailable'],
    ['ETIMEDOUT', 'connect', 'unavailable'],
    ['ECONNRESET', 'commit', 'lost'],
    ['EPIPE', 'commit', 'lost'],
    ['ECONNRESET', 'inside', 'unavailable'],
  ])('%s, %s: %s', (code, phase, kind) => {
    expect(faultOf(networkError(code), phase, place).kind).toBe(kind)
  })

  test('a connection that ends without a word is lost once something was sent', () => {
    const error = new Error('Connection terminated unexpectedly')
    expect(faultOf(error, 'commit', place).kind).toBe('lost')
    expect(faultOf(error, 'inside', place).kind).toBe('unavailable')
    expect(breaksConnection(error)).toBe(true)
  })

  test('what is refused at the door was never sent', () => {
    for (const code of ['28P01', '28000', '3D000', '53300', '57P03'])
      expect(faultOf(serverError(code), 'connect', place).kind).toBe('unavailable')
  })

  test('several addresses that failed are all named', () => {
    const errors = [networkError('ECONNREFUSED'), networkError('ENETUNREACH')]
    const { message } = faultOf(new AggregateError(errors, ''), 'connect', place)
    expect(message).toContain('ECONNREFUSED')
    expect(message).toContain('ENETUNREACH')
  })
})

test('a connection outlives a conflict and a bad value', () => {
  for (const code of ['40001', '22021', '23505', '42501'])
    expect(breaksConnection(serverError(code))).toBe(false)
  for (const code of ['08006', '57P01', '26000', '25006'])
    expect(breaksConnection(serverError(code))).toBe(true)
})
