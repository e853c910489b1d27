import { describe, expect, it } from 'vitest'
import { policyPage } from '../../src/contract/policy/page.ts'
import { defaultPolicy, type Policy, readPolicy, routeFor } from '../../src/contract/policy/policy.ts'
import { html, markdown } from '../../src/contract/policy/render.ts'
import { profileNames } from '../../src/http/profiles.ts'

const hourMs = 3_600_000

function read(text: string): Policy {
  return readPolicy({ name: 'policy.yaml', text })
}

describe('a policy', () => {
  it('is the profile, where nothing is configured', () => {
    const policy = defaultPolicy()
    expect(policy.profile.name).toBe('ietf-07-lenient')
    expect(routeFor(policy, { path: '/a', method: 'POST' })).toMatchObject({
      isRequired: true,
      retainMs: 720 * hourMs,
    })
    expect(routeFor(policy, { path: '/a', method: 'PUT' })).toBeUndefined()
    expect(read('')).toEqual(policy)
  })

  it('takes the first route that fits', () => {
    const policy = read(
      'retention: 48h\nroutes:\n  - {path: /a, retention: 1h}\n  - {path: /a, retention: 2h}\n',
    )
    expect(routeFor(policy, { path: '/a', method: 'POST' })?.retainMs).toBe(hourMs)
    expect(routeFor(policy, { path: '/b', method: 'POST' })?.retainMs).toBe(48 * hourMs)
  })

  it.each([
    ['retntion: 1h', 'retntion'],
    ['retention: soon', 'retention'],
    ['retention: 0s', 'retention'],
    ['retention: 24', '24'],
    ['profile: draft-99', 'draft-99'],
    ['routes: [{path: /a, methods: [GET]}]', 'routes[0].methods'],
    ['routes: [{pfad: /a}]', 'pfad'],
    ['routes: /a', 'routes'],
    ['required: maybe', 'required'],
    ['service: 7', 'service'],
    ['[]', '--config'],
    ['a: [', '--config'],
  ])('%s is refused', (text, named) => {
    expect(() => read(text)).toThrow(named)
  })
})

describe('the page for partners', () => {
  const pageOf = (policy: Policy): string => markdown(policyPage(policy))

  it('says what the configuration says, and changes with it', () => {
    const page = pageOf(
      read('service: Shop\ndocumentation: https://shop.example/keys\nretention: 36h\nheader: X-Key\n'),
    )
    for (const text of [
      '# Shop: ',
      'https://shop.example/keys',
      '36 hours',
      '`X-Key`',
      '| 400, 422 |',
      '| 409 |',
    ])
      expect(page).toContain(text)
    const other = pageOf(
      read('profile: stripe-v1\nretention: 7d\nroutes: [{path: /refunds, required: true}]\n'),
    )
    for (const text of [
      '7 days',
      '`POST, PATCH /refunds` | required',
      '(any path)` | optional',
      '| 400 | Nothing',
      'as new work',
    ])
      expect(other).toContain(text)
    expect(other).not.toContain('422')
  })

  it('names the shortest retention as the time to stop', () => {
    expect(pageOf(read('retention: 7d\nroutes: [{path: /a, retention: 90m}]'))).toContain('within 90 minutes')
  })

  it.each(profileNames)('speaks of the header of %s and of what is kept', (name) => {
    const policy = defaultPolicy(name)
    const page = pageOf(policy)
    expect(page).toContain(`\`${policy.profile.keyHeader}: `)
    expect(page.includes('Repeatability-First-Sent')).toBe(name === 'oasis')
    expect(page.includes('412')).toBe(name === 'oasis')
    expect(page).not.toMatch(/undefined|NaN|\{/)
  })

  it('is one HTML file in which nothing of the configuration is markup', () => {
    const page = html(policyPage(read(`service: '<script>alert("x")</script>'\ndocumentation: 'a&b'\n`)))
    expect(page).not.toMatch(/<script|src=|href=/)
    expect(page).toContain('&#60;script&#62;')
    expect(page).toContain('a&#38;b')
    expect(page).toContain('<code>Idempotency-Key</code>')
    for (const tag of ['html', 'body', 'main', 'table', 'tbody', 'p'])
      expect(page.split(`</${tag}>`).length, tag).toBe(page.split(new RegExp(`<${tag}[ >]`)).length)
  })
})
