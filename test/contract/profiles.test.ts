import { describe, expect, it } from 'vitest'
import type { ServiceOptions } from './service.ts'
import { of, started, whole, withOutcome } from './tested.ts'

const services: readonly (readonly [string, ServiceOptions])[] = [
  ['stripe-v1', { keys: 'bare', mismatchStatus: 400 }],
  ['acp', { keys: 'bare-required' }],
  ['checkout.com', { keys: 'bare', mismatchStatus: 409 }],
]

describe('a service of another profile', () => {
  it.each(services)('%s conforms to its own', async (profile, options) => {
    const report = await whole(await started(options), { profile })
    expect(withOutcome(report, 'fail')).toEqual([])
    expect(report.verdict).toBe('conforms')
  })

  it.each(services)('%s deviates from the draft, with bare keys and other answers', async (_, options) => {
    const report = await whole(await started(options), { profile: 'ietf-07-strict' })
    expect(withOutcome(report, 'fail')).toContain('malformed-key')
    expect(report.verdict).toBe('deviates')
  })

  it('a key that is too long is malformed to Stripe alone', async () => {
    const service = await started({ keys: 'bare', mismatchStatus: 400 })
    expect(of(await whole(service, { profile: 'stripe-v1' }), 'malformed-key').outcome).toBe('pass')
    expect(of(await whole(service, { profile: 'acp' }), 'malformed-key').outcome).toBe('skip')
  })

  it('acp wants Retry-After of a request in flight, and a key of each', async () => {
    const silent = await whole(await started({ keys: 'bare', hasRetryAfter: false }), { profile: 'acp' })
    expect(withOutcome(silent, 'fail')).toEqual(['missing-key', 'concurrent-same-key'])
    expect(of(silent, 'missing-key').level).toBe('MUST')
    expect(of(silent, 'concurrent-same-key').seen).toContain('without Retry-After')
  })

  it('a mismatch that is done a second time is unsafe, whatever the profile says of it', async () => {
    const service = await started({ keys: 'bare', breaks: 'payload-swap', how: 'again' })
    const report = await whole(service, { profile: 'checkout.com' })
    expect(withOutcome(report, 'fail')).toEqual(['payload-swap'])
    expect(report.verdict).toBe('unsafe')
  })

  it('a header of its own name is sent and looked for under it', async () => {
    const service = await started({ keys: 'lenient', header: 'x-key' })
    const report = await whole(service, { keyHeader: 'X-Key' })
    expect(withOutcome(report, 'fail')).toEqual([])
  })
})
