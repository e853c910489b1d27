import { describe, expect, it } from 'vitest'
import { policyPage } from '../../src/contract/policy/page.ts'
import { type Policy, routeFor } from '../../src/contract/policy/policy.ts'
import { html, markdown } from '../../src/contract/policy/render.ts'
import { statusesOf } from '../../src/contract/policy/statuses.ts'
import { defaultPolicy, readPolicy } from '../../src/cli/contract/policy.ts'
import { readGatewayConfig } from '../../src/gateway/config.ts'
import { profileNames } from '../../src/http/profiles.ts'
import { readText } from '../support/repo.ts'

const hourMs = 3_600_000

describe('a policy', () => {
  it('is that of the gateway, where nothing is configured', () => {
    const policy = defaultPolicy()
    const route = routeFor(policy, { path: '/a', method: 'POST' })
    expect(route).toMatchObject({ isRequired: true, retainMs: 720 * hourMs })
    expect(route?.profile.name).toBe('ietf-07-lenient')
    expect(routeFor(policy, { path: '/a', method: 'PUT' })).toBeUndefined()
  })

  it('takes the first route that fits, with parameters of any name', () => {
    const policy = readPolicy(
      `defaults: { retainMs: ${48 * hourMs} }
routes:
  - { path: '/a/:id', retainMs: ${hourMs} }
  - { path: '/a/:id', methods: [PUT], retainMs: ${2 * hourMs} }
  - { path: /hooks/*, guard: false }`,
    )
    expect(routeFor(policy, { path: '/a/{orderId}', method: 'POST' })?.retainMs).toBe(hourMs)
    expect(routeFor(policy, { path: '/a/{orderId}', method: 'PUT' })?.retainMs).toBe(2 * hourMs)
    expect(routeFor(policy, { path: '/b', method: 'POST' })?.retainMs).toBe(48 * hourMs)
    expect(routeFor(policy, { path: '/hooks/a/b', method: 'POST' })).toBeUndefined()
  })

  it.each([
    ['retntion: 1h', 'retntion'],
    ['defaults: { retainMs: soon }', 'defaults.retainMs'],
    ['defaults: { profile: draft-99 }', 'draft-99'],
    ['routes: [{ pfad: /a }]', 'pfad'],
    ['upstream: nowhere', 'upstream'],
    ['service: 7', 'service'],
    ['[]', 'configuration'],
    ['a: [', 'no YAML'],
  ])('%s is refused', (text, named) => {
    expect(() => readPolicy(text)).toThrow(named)
  })

  it.each([
    [(status: number) => status >= 200, 'all'],
    [(status: number) => status < 300 || status === 429, '2xx, 429'],
    [(status: number) => status >= 500 && status !== 503, '5xx but 503'],
    [() => false, undefined],
  ])('says statuses as people do (%#)', (isOne, said) => {
    expect(statusesOf((status) => (isOne(status) ? 'final' : 'ambiguous'), 'final')).toBe(said)
  })
})

describe('the page for partners', () => {
  const pageOf = (policy: Policy): string => markdown(policyPage(policy))

  /** One line of the gateway's file, and what of the page goes with it: before, and after the line is changed. */
  it.each([
    ['service: Shop', 'service: Bank', ['# Shop: '], ['# Bank: ']],
    ['docsUrl: https://a.example', 'docsUrl: https://b.example', ['a.example'], ['b.example']],
    [
      'defaults: { profile: ietf-07-lenient }',
      'defaults: { profile: stripe-v1 }',
      ['30 days', '| 400, 422 |', '| 412 |', '8e03978e-40d5-43dd-bc93-6894a57f9324"`'],
      ['24 hours', 'as new work', 'Key: 8e03978e'],
    ],
    ['defaults: { retainMs: 129600000 }', 'defaults: { retainMs: 5400000 }', ['36 hours'], ['90 minutes']],
    [
      'defaults: { methods: [POST] }',
      'defaults: { methods: [POST, PUT] }',
      ['`POST (any'],
      ['`POST, PUT (any'],
    ],
    [
      'defaults: { require: true }',
      'defaults: { require: false }',
      ['| required |', 'no key where'],
      ['| optional |'],
    ],
    ['defaults: { keyHeader: X-Key }', 'defaults: { keyHeader: X-Id }', ['`X-Key`'], ['`X-Id`']],
    ['defaults: { keyFromBody: /a }', 'defaults: {}', ['at `/a`'], []],
    [
      'defaults: { outcome: { noEffect: [429] } }',
      'defaults: { outcome: { ambiguous: [5xx] } }',
      ['its own: 429 | Nothing was done', 'its own: 2xx, 3xx, 4xx but 429, 5xx | It is carried out'],
      [
        'its own: 5xx | It is not known',
        'Retries get 409',
        '| 500, 502, 504 | Retry with the same key and body. |',
      ],
    ],
    [
      'defaults: { profile: acp, safety: blind }',
      'defaults: { profile: acp, safety: keyed }',
      ['Retries get 409'],
      ['A retry finds out'],
    ],
    [
      'routes: [{ path: /refunds }]',
      'routes: [{ path: /refunds, guard: false }]',
      ['/refunds` | required'],
      ['/refunds` | not looked at'],
    ],
    [
      'routes: [{ path: "/a/:id" }]',
      'routes: [{ path: "/b/:id", profile: oasis }]',
      ['`POST, PATCH /a/{id}` | required'],
      [
        '`POST, PATCH /b/{id}` | required | 24 hours | A |',
        'Rules A: the key',
        'Repeatability-First-Sent',
        'Rules B',
      ],
    ],
  ])('follows the file of the gateway: %s', (...[before, after, saidBefore, saidAfter]) => {
    const [first, second] = [before, after].map((text) => pageOf(readPolicy(text))) as [string, string]
    for (const text of saidBefore)
      expect([first.includes(text), second.includes(text)], text).toEqual([true, false])
    for (const text of saidAfter)
      expect([second.includes(text), first.includes(text)], text).toEqual([true, false])
    // It is a file that the gateway starts with.
    for (const text of [before, after])
      expect(() => readGatewayConfig(text, { upstream: 'http://127.0.0.1:8080' })).not.toThrow()
  })

  it('is made from the file of the guide, whose routes differ in their rules', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readText('docs/guide/gateway.md')) ?? []
    const page = pageOf(readPolicy(example))
    for (const text of [
      '/payments/{id}/capture',
      '`X-Request-Id`',
      'Rules D',
      '`/requestId`',
      '/hooks/*` | not',
    ])
      expect(page).toContain(text)
  })

  it('names the shortest retention as the time to stop', () => {
    const text = 'defaults: { retainMs: 604800000 }\nroutes: [{ path: /a, retainMs: 5400000 }]'
    expect(pageOf(readPolicy(text))).toContain('within 90 minutes')
  })

  it.each(profileNames)('speaks of the header of %s and of what is kept', (name) => {
    const policy = defaultPolicy(name)
    const page = pageOf(policy)
    expect(page).toContain(`\`${policy.routes[0]?.profile.keyHeader}: `)
    expect(page.includes('Repeatability-First-Sent')).toBe(name === 'oasis')
    expect(page.includes('412')).toBe(name !== 'stripe-v1')
    expect(page).not.toMatch(/undefined|NaN|\{/)
  })

  it('is one HTML file in which nothing of the configuration is markup', () => {
    const page = html(policyPage(readPolicy(`service: '<script>alert("x")</script>'\ndocsUrl: 'a&b'\n`)))
    expect(page).not.toMatch(/<script|src=|href=/)
    expect(page).toContain('&#60;script&#62;')
    expect(page).toContain('a&#38;b')
    expect(page).toContain('<code>Idempotency-Key</code>')
    for (const tag of ['html', 'body', 'main', 'table', 'tbody', 'p'])
      expect(page.split(`</${tag}>`).length, tag).toBe(page.split(new RegExp(`<${tag}[ >]`)).length)
  })
})
