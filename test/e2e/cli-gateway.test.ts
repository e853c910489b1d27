import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ask, problemIn, settled, type Told } from '../gateway/support/client.ts'
import { Upstream } from '../gateway/support/upstream.ts'
import { CliBench, json, type RunningCli } from './cli-bench.ts'

let upstream: Upstream
let bench: CliBench

beforeAll(async () => {
  upstream = await Upstream.start()
})
afterAll(() => upstream.end())
beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

interface Started {
  readonly cli: RunningCli
  readonly url: string
}

async function gateway(...args: readonly string[]): Promise<Started> {
  const cli = bench.start(['gateway', '--listen', '127.0.0.1:0', '--upstream', upstream.url, ...args])
  await cli.printed('caller:', 'stderr')
  const [, url = ''] = /gateway (http:\S+)/.exec(cli.errorText) ?? []
  return { cli, url }
}

function send({ url }: Started, path: string, key: string): Promise<Told> {
  return ask(url, { path, key, body: 'x' })
}

async function kill({ cli }: Started): Promise<void> {
  cli.child.kill('SIGKILL')
  await cli.ended
}

describe('onceward gateway', () => {
  it('says at the start what it does, replays, drains on SIGTERM and ends with 0', async () => {
    const started = await gateway('--json')
    const first = await send(started, '/orders', 'drain-1')
    expect(first.status).toBe(201)
    expect((await send(started, '/orders', 'drain-1')).headers['idempotency-replayed']).toBe('true')
    const running = send(started, '/hang', 'drain-2')
    await upstream.arrived('drain-2')
    started.cli.child.kill('SIGTERM')
    await started.cli.printed('no new requests', 'stderr')
    await upstream.release()
    expect((await running).status).toBe(201)
    const result = await started.cli.ended
    expect(result.code).toBe(0)
    expect(json(result)).toEqual({ url: started.url, upstream: upstream.url, store: 'sqlite:./onceward.db' })
    const said = result.stderr.toString()
    expect(said).toContain('POST, PATCH need a key, profile ietf-07-lenient')
    expect(said).toContain('digest of the header Authorization (none: one shared anonymous caller)')
    const shown = await bench.run(['ls', '--json'])
    expect(json(shown)['entries']).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }])
  })

  it('killed between sending on and recording, it is told of by the next: in doubt, one effect', async () => {
    bench.write('gateway.yaml', 'defaults: { leaseMs: 1500 }\n')
    const args = ['--config', 'gateway.yaml']
    const first = await gateway(...args)
    const cut = send(first, '/hang', 'killed-1').catch(() => 'cut')
    await upstream.arrived('killed-1')
    await kill(first)
    expect(await cut).toBe('cut')
    await upstream.release()
    const next = await gateway(...args)
    const told = await settled(() => send(next, '/hang', 'killed-1'))
    expect([told.status, problemIn(told)]).toEqual([409, 'in-doubt'])
    expect(await upstream.count('killed-1')).toBe(1)
    const { ref } = told.json
    next.cli.child.kill('SIGINT')
    expect((await next.cli.ended).code).toBe(0)
    const shown = json(await bench.run(['show', String(ref), '--json']))
    expect(shown).toMatchObject({ ref, state: 'in_doubt' })
    const resolved = await bench.run([
      'doubt',
      'resolve',
      String(ref),
      '--did-not-happen',
      '--by',
      'me',
      '--because',
      'asked',
    ])
    expect(resolved.code).toBe(0)
    const last = await gateway(...args)
    const running = send(last, '/hang', 'killed-1')
    await upstream.arrived('killed-1', 2)
    await upstream.release()
    expect((await running).status).toBe(201)
  })

  it('killed likewise before a keyed upstream, the next sends the same key again', async () => {
    bench.write('gateway.yaml', 'routes: [{ path: /hang, leaseMs: 1500, safety: keyed }]\n')
    const args = ['--config', 'gateway.yaml']
    const first = await gateway(...args)
    const cut = send(first, '/hang', 'killed-2').catch(() => 'cut')
    await upstream.arrived('killed-2')
    await kill(first)
    expect(await cut).toBe('cut')
    const next = await gateway(...args)
    const released = upstream.arrived('killed-2', 2).then(() => upstream.release())
    const told = await settled(() => send(next, '/hang', 'killed-2'))
    expect(told.status).toBe(201)
    await released
    expect((await upstream.journal('killed-2')).map(({ key }) => key)).toEqual(['killed-2', 'killed-2'])
  })

  it('refuses what cannot be meant, naming it, with exit code 2', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[], 'upstream must be a URL of scheme, host and port'],
      [['--upstream', 'http://a/b'], '--upstream must be a URL'],
      [['--upstream', 'http://a', '--listen', 'here'], '--listen must be HOST:PORT'],
      [['--upstream', 'http://a', '--config', 'missing.yaml'], '--config must be a file that can be read'],
      [['--config', 'bad.yaml'], 'routes[0].profile must be one of'],
      [['--config', 'open.yaml'], 'listen must be a loopback address'],
      [['--config', 'secret.yaml'], 'caller.jwt.secretEnv must be a variable'],
    ]
    bench.write('bad.yaml', 'upstream: http://a\nroutes: [{ path: /a, profile: none }]\n')
    bench.write('open.yaml', 'upstream: http://a\nlisten: 0.0.0.0:0\ncaller: { header: x-account }\n')
    bench.write('secret.yaml', 'upstream: http://a\ncaller: { jwt: { secretEnv: NOT_THERE } }\n')
    for (const [args, message] of cases) {
      const result = await bench.run(['gateway', ...args])
      expect([result.stderr.toString(), result.code]).toEqual([expect.stringContaining(message), 2])
    }
  })

  it('lets keys be forgotten where its routes are of stripe-v1', async () => {
    const yaml = 'defaults: { guard: false }\nroutes: [{ path: /orders, guard: true, profile: stripe-v1 }]\n'
    bench.write('stripe.yaml', yaml)
    const started = await gateway('--config', 'stripe.yaml')
    expect((await send(started, '/orders', 'stripe-1')).status).toBe(201)
    expect(started.cli.errorText).toContain('runs as new')
  })

  it('warns where other machines reach it', async () => {
    const { cli } = await gateway('--listen', '0.0.0.0:0')
    expect(cli.errorText).toContain('warning: other machines reach this address')
  })

  it('with a store that is not there ends with 4', async () => {
    const result = await bench.run([
      'gateway',
      '--upstream',
      'http://a',
      '--store',
      'sqlite:./no/such/folder.db',
    ])
    expect(result.code).toBe(4)
  })
})
