import { describe as group, expect, it } from 'vitest'
import {
  DefiniteFailure,
  describe,
  isDefiniteFailure,
  isOncewardError,
  messageOf,
  OncewardError,
  optionInvalid,
} from './errors.ts'

/** Everything about it throws. */
function hostile(): object {
  const no = (): never => {
    throw new Error('no')
  }
  return new Proxy({}, { get: no, has: no, ownKeys: no, getPrototypeOf: no, getOwnPropertyDescriptor: no })
}

const throwing = {
  get message(): string {
    throw new Error('no')
  },
  toString(): string {
    throw new Error('no')
  },
}

group('messageOf', () => {
  it.each<readonly [string, unknown, string]>([
    ['an error', new Error('cut'), 'cut'],
    ['an error without a message', new TypeError(''), 'TypeError'],
    ['a string', 'cut', '"cut"'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 42, '42'],
    ['a symbol', Symbol('it'), 'Symbol(it)'],
    ['an object', { status: 500 }, '{"status":500}'],
    ['a BigInt in an object', { id: 10n }, '{"id":"10n"}'],
  ])('speaks for %s', (_, thrown, message) => {
    expect(messageOf(thrown)).toBe(message)
  })

  it('is bounded', () => {
    expect(messageOf(new Error('x'.repeat(5000)))).toHaveLength(1000)
    expect(messageOf('x'.repeat(5000)).length).toBeLessThan(130)
  })

  it('gives a text whatever is thrown', () => {
    const odd = [
      throwing,
      hostile(),
      Object.assign(new Error('x'), { message: 42 }),
      Object.assign(new Error('x'), { message: throwing }),
      Object.defineProperty(
        new Error('x'),
        'message',
        Object.getOwnPropertyDescriptor(throwing, 'message') ?? {},
      ),
      Object.create(null),
      { [Symbol.toStringTag]: 1 },
      { toJSON: () => throwing.message },
    ]
    for (const thrown of odd) expect(typeof messageOf(thrown)).toBe('string')
  })
})

group('a value in a message', () => {
  it('is named in short', () => {
    expect(describe('a "b"')).toBe('"a \\"b\\""')
    expect(describe(10n)).toBe('10n')
    expect(describe(() => 1)).toBe('function (anonymous)')
    expect(describe({ a: 'x'.repeat(500) })).toHaveLength(120)
  })

  it('never throws', () => {
    for (const value of [throwing, hostile(), Object.create(null), Symbol('x')]) {
      expect(typeof describe(value)).toBe('string')
    }
  })
})

group('errors are recognised by value', () => {
  it('over copies of the package', () => {
    const copy = JSON.parse(JSON.stringify(new OncewardError('CLOSED', 'closed'))) as unknown
    expect(isOncewardError(copy)).toBe(true)
    expect(isOncewardError(copy, 'CLOSED')).toBe(true)
    expect(isOncewardError(copy, 'IN_DOUBT')).toBe(false)
    expect(isDefiniteFailure({ brand: 'onceward.definite-failure' })).toBe(true)
  })

  it('and nothing else is taken for one', () => {
    for (const value of [undefined, null, 'CLOSED', { code: 'CLOSED' }, new Error('closed'), { brand: 1 }]) {
      expect(isOncewardError(value)).toBe(false)
      expect(isDefiniteFailure(value)).toBe(false)
    }
    expect(isOncewardError(new DefiniteFailure('no'))).toBe(false)
  })

  it('not even of what throws when it is looked at', () => {
    expect(isOncewardError(hostile())).toBe(false)
    expect(isDefiniteFailure(hostile())).toBe(false)
  })

  it('a value in an error is not enumerable: it reaches no log', () => {
    const error = new OncewardError('IN_DOUBT', 'x', { value: 'secret' })
    expect(error.value).toBe('secret')
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  it('an option error names the option, what was expected and what was given', () => {
    expect(optionInvalid('leaseMs', 'a positive integer', '10s').message).toBe(
      'leaseMs must be a positive integer, got "10s".',
    )
  })
})
