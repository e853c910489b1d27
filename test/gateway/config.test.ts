import { describe, expect, it } from 'vitest'
import { profileNames } from '../../src/http/profiles.ts'
import { readGatewayConfig } from '../../src/gateway/config.ts'
import { routeMatcher } from '../../src/gateway/routes.ts'
import { readText } from '../support/repo.ts'

const upstream = 'upstream: http://127.0.0.1:8080'

describe('the configuration of the gateway', () => {
  it('needs nothing but the upstream; the command line goes first', () => {
    const config = readGatewayConfig('', { upstream: 'http://127.0.0.1:8080/' })
    expect(config).toMatchObject({
      upstream: 'http://127.0.0.1:8080',
      listen: { host: '127.0.0.1', port: 4871 },
      caller: { kind: 'authorization' },
      otherwise: {
        profile: 'ietf-07-lenient',
        require: true,
        methods: ['POST', 'PATCH'],
        safety: { kind: 'blind' },
      },
    })
    const overridden = readGatewayConfig(`${upstream}\nlisten: 127.0.0.1:1`, { listen: '[::1]:2' })
    expect(overridden.listen).toEqual({ host: '::1', port: 2 })
  })

  it('is the one of the guide, and that names every field and profile there is', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readText('docs/guide/gateway.md')) ?? []
    const config = readGatewayConfig(example)
    expect(config.routes.length).toBeGreaterThan(2)
    expect(config.routes.map(({ safety }) => safety.kind)).toEqual(
      expect.arrayContaining(['blind', 'keyed', 'verifiable']),
    )
    const said = [...Object.keys(config), ...Object.keys(config.limits), ...Object.keys(config.timeouts)]
    for (const field of said.filter((name) => name !== 'otherwise')) expect(example).toContain(`${field}:`)
    for (const name of profileNames) expect(example).toContain(name)
  })

  it('routes take what they do not say from defaults', () => {
    const config = readGatewayConfig(
      `${upstream}\ndefaults: { profile: acp, waitMs: 5 }\nroutes: [{ path: /a }, { path: /b, profile: oasis }]`,
    )
    expect(config.routes).toMatchObject([
      { profile: 'acp', waitMs: 5 },
      { profile: 'oasis', waitMs: 5 },
    ])
  })

  it('asks a service no sooner than a request can live, also where nothing is said', () => {
    const config = readGatewayConfig(
      `${upstream}\nroutes: [{ path: /a, answerMs: 120000, safety: { kind: verifiable, statusPath: '/{key}' } }]`,
    )
    expect(config.routes[0]?.safety).toMatchObject({ settleMs: 121_000 })
  })

  it.each([
    ['', 'upstream must be a URL of scheme, host and port such as http://127.0.0.1:8080, got undefined.'],
    ['upstream: http://a/path', 'upstream must be a URL'],
    ['upstream: ftp://a', 'upstream must be a URL'],
    ['upstream: http://user:secret@a', 'got "http://***@a"'],
    [`${upstream}\nlisten: 4871`, 'listen must be HOST:PORT such as 127.0.0.1:4871, got 4871.'],
    [`${upstream}\nroute: []`, 'configuration has no member "route"; it may have upstream,'],
    [`${upstream}\nroutes:\n  - path: orders`, 'routes[0].path must be a path such as /orders/:id'],
    [
      `${upstream}\nroutes:\n  - { path: /a }\n  - { path: /a }`,
      'routes[1].path must be another one than in routes[0]',
    ],
    [
      `${upstream}\nroutes:\n  - { path: /a, profile: ietf }`,
      'routes[0].profile must be one of ietf-07-lenient,',
    ],
    [`${upstream}\nroutes:\n  - { path: /a, waitms: 1 }`, 'routes[0] has no member "waitms"'],
    [
      `${upstream}\nroutes:\n  - { path: /a, outcome: { final: [6xx] } }`,
      'routes[0].outcome.final[0] must be',
    ],
    [
      `${upstream}\nroutes:\n  - { path: /a, safety: sure }`,
      'routes[0].safety.kind must be one of blind, keyed, verifiable',
    ],
    [
      `${upstream}\nroutes:\n  - { path: /a, safety: verifiable }`,
      'routes[0].safety.statusPath must be a path with {key}',
    ],
    [
      `${upstream}\nroutes:\n  - { path: /a, safety: { kind: keyed, settleMs: 1 } }`,
      'routes[0].safety has no member',
    ],
    [
      `${upstream}\nroutes:\n  - { path: /a, answerMs: 70000, safety: { kind: verifiable, statusPath: '/{key}', settleMs: 60000 } }`,
      'routes[0].safety.settleMs must be at least 71000, which is how long a request lives here (answerMs, 70000,',
    ],
    [
      `${upstream}\ntimeouts: { answerMs: 90000 }\ndefaults: { safety: { kind: verifiable, statusPath: '/{key}', settleMs: 90000 } }`,
      'defaults.safety.settleMs must be at least 91000',
    ],
    [`${upstream}\ncaller: { jwt: { claim: sub } }`, 'caller.jwt must be one of secretEnv'],
    [`${upstream}\ncaller: { jwt: { unverified: false } }`, 'caller.jwt must be one of secretEnv'],
    [`${upstream}\ncaller: somebody`, 'caller must be authorization, anonymous'],
    [
      `${upstream}\nlimits: { bodyBytes: 1 MB }`,
      'limits.bodyBytes must be a whole number from 1 to 67108864, got "1 MB".',
    ],
    [`${upstream}\ntimeouts: { answerMs: 10s }`, 'timeouts.answerMs must be a whole number of milliseconds'],
    [
      `${upstream}\nroutes:\n  - { path: /a, profile: stripe-v1 }`,
      'profile must be stripe-v1 in defaults and all guarded routes',
    ],
    [`${upstream}\nroutes:\n  - path: [`, '(line 3, column 12)'],
    ['a list', 'configuration must be an object'],
  ])('refuses %j and says what was expected', (text, message) => {
    expect(() => readGatewayConfig(text)).toThrowError(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})

describe('routes', () => {
  const match = routeMatcher(
    readGatewayConfig(
      `${upstream}\nroutes: [{ path: /orders/new }, { path: /orders/:id }, { path: /files/*, methods: [PUT] }]`,
    ),
  )
  it.each([
    ['POST', '/orders/new', '/orders/new'],
    ['POST', '/orders/7?x=/a', '/orders/:id'],
    ['POST', '/orders/', undefined],
    ['POST', '/orders/7/lines', undefined],
    ['POST', '/Orders/7', undefined],
    ['PUT', '/orders/7', undefined],
    ['PUT', '/files/a/b', '/files/*'],
    ['PUT', '/files', undefined],
  ])('%s %s is %s', (method, target, path) => {
    expect(match(method, target)?.path).toBe(path)
  })
})
