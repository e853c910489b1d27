import { describe, expect, it } from 'vitest'
import { isOncewardError } from '../../src/kernel/errors.ts'
import { readServerConfig } from '../../src/server/index.ts'

describe('the configuration of the server', () => {
  it('has defaults for everything, and the scope of the command line first', () => {
    const config = readServerConfig('scopes: [billing, shop]', { scope: 'shop' })
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 4870 },
      scopes: ['shop', 'billing'],
      limits: { bodyBytes: 1_048_576 },
      jobs: { everyMs: 60_000 },
    })
    expect(config.targets).toBeUndefined()
  })

  it('refuses what cannot be meant, naming it', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['listens: 1', 'configuration has no member "listens"'],
      ['listen: here', 'listen must be HOST:PORT such as 127.0.0.1:4870'],
      ['scopes: shop', 'scopes must be a list of names'],
      ['tls: { certFile: a }', 'tls.keyFile must be'],
      [
        "operations: { pay: { statusUrl: 'http://a/b' } }",
        'operations.pay.statusUrl must be a URL with {key}',
      ],
      [
        "operations: { pay: { statusUrl: 'http://a/{key}', happened: [404] } }",
        'didNotHappen must be none of happened',
      ],
      [
        "operations: { pay: { statusUrl: 'http://a/{key}', happened: 200 } }",
        'operations.pay.happened must be a list',
      ],
      ['effects: { targets: [http://a/b] }', 'effects.targets[0] must be an origin'],
      [
        'effects: { targets: [{ origin: "http://a", tokenEnv: NOT_THERE }] }',
        'must be a variable of the environment',
      ],
      ['limits: { effects: 0 }', 'limits.effects must be a whole number'],
      ['jobs: { everyMs: 1 }', 'jobs.everyMs must be a whole number of milliseconds, at least 100'],
      ['[', 'The configuration is no YAML'],
    ]
    for (const [yaml, message] of cases) {
      const error = thrownBy(() => readServerConfig(yaml, { scope: 'shop' }))
      expect([yaml, isOncewardError(error, 'OPTION_INVALID'), (error as Error).message]).toEqual([
        yaml,
        true,
        expect.stringContaining(message),
      ])
    }
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
