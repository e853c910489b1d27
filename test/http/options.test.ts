import { describe, expect, it } from 'vitest'
import { createEngine, type HttpOptions, profileNames, profiles } from '../../src/http/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { expectRefusal } from '../bad-input/refusals.ts'

const once = createOnceward({ store: memoryStore(), sweep: false })

describe('an engine is not made', () => {
  it.each<readonly [string, unknown, RegExp]>([
    ['without options', undefined, /options must be an object/],
    ['without a way to name the caller', {}, /caller must be a function that names who calls/],
    ['with a caller of another kind', { caller: 'everybody' }, /got "everybody"/],
    [
      'with a profile that is not there',
      { caller: 'anonymous', profile: 'ietf-06' },
      /profile must be one of/,
    ],
    ['with a require that is none', { caller: 'anonymous', require: 'POST' }, /require must be/],
    ['with a fingerprint that is none', { caller: 'anonymous', fingerprint: 'md5' }, /fingerprint must be/],
    [
      'with ignored fields and a fingerprint over bytes',
      { caller: 'anonymous', fingerprint: 'bytes', ignore: ['/at'] },
      /fingerprint must be "json" where fields are ignored/,
    ],
    ['with a pointer that is none', { caller: 'anonymous', ignore: ['at'] }, /RFC 6901/],
    [
      'with a place in the body that is none',
      { caller: 'anonymous', keyFromBody: 'id' },
      /keyFromBody must be/,
    ],
    ['with a header that is never replayed', { caller: 'anonymous', replayHeaders: ['Date'] }, /got "Date"/],
    ['with a time that is none', { caller: 'anonymous', timeoutMs: '1s' }, /timeoutMs must be .* got "1s"/],
    [
      'under acp, with less than a day of retention',
      { caller: 'anonymous', profile: 'acp', retainMs: 1 },
      /retainMs/,
    ],
    [
      'under stripe-v1, on an instance that never forgets',
      { caller: 'anonymous', profile: 'stripe-v1' },
      /tombstoneMs/,
    ],
  ])('%s', async (_, options, message) => {
    await expectRefusal(() => createEngine(once, options as HttpOptions), {
      code: 'OPTION_INVALID',
      says: [message],
    })
  })

  it('without an instance', async () => {
    await expectRefusal(() => createEngine({} as typeof once, { caller: 'anonymous' }), {
      code: 'OPTION_INVALID',
    })
  })
})

it('stripe-v1 is the only profile under which keys are forgotten, and says so at the start', async () => {
  expect(profileNames.filter((name) => profiles[name].tombstoneMs !== undefined)).toEqual(['stripe-v1'])
  const warned = new Promise<Error & { readonly code?: string }>((resolve) =>
    process.once('warning', resolve),
  )
  createEngine(createOnceward({ store: memoryStore(), sweep: false, tombstoneMs: 0 }), {
    caller: 'anonymous',
    profile: 'stripe-v1',
  })
  expect(await warned).toMatchObject({
    code: 'ONCEWARD_KEYS_EXPIRE',
    message: expect.stringContaining('runs as new'),
  })
})
