import { execFileSync } from 'node:child_process'
import { request as secureRequest } from 'node:https'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Target } from '../server/support/target.ts'
import { loadSqlite } from '../../src/stores/sqlite/driver.ts'
import { CliBench, json, type RunningCli } from './cli-bench.ts'

let target: Target
let bench: CliBench

beforeAll(async () => {
  target = await Target.start()
})
afterAll(() => target.end())
beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

interface Started {
  readonly cli: RunningCli
  readonly url: string
}

async function serve(...args: readonly string[]): Promise<Started> {
  const cli = bench.start(['serve', '--listen', '127.0.0.1:0', '--json', ...args])
  await cli.printed('}')
  const [, url = ''] = /control room (https?:\S+),/.exec(cli.errorText) ?? []
  return { cli, url }
}

async function ask(
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json', ...headers } })
  return (await response.json()) as Record<string, unknown>
}

const resolution = { happened: true, because: 'the target shows it', value: { id: 7 } }

describe('onceward serve', () => {
  it('lets what runs end on SIGTERM, ends streams, and exits with 0', async () => {
    const { cli, url } = await serve()
    const held = Promise.withResolvers<() => void>()
    target.answer = (_, response) => held.resolve(() => response.writeHead(200).end('done'))
    const running = ask(`${url}/v1/effects`, { key: 'drain', target: { url: `${target.url}/drain` } })
    const release = await held.promise
    const live = await fetch(`${url}/v1/live`)
    cli.child.kill('SIGTERM')
    await cli.printed('no new requests', 'stderr')
    expect(await live.text()).toContain('retry:')
    release()
    expect(await running).toMatchObject({ state: 'succeeded', value: { body: 'done' } })
    const result = await cli.ended
    expect(result.code).toBe(0)
    expect(json(result)).toMatchObject({ url, store: 'sqlite:./onceward.db', scopes: ['default'] })
    const shown = json(await bench.run(['ls', '--json']))
    expect(shown['entries']).toMatchObject([{ state: 'succeeded', key: 'drain' }])
  })

  it('killed between sending and recording, the next one tells of it: in doubt, sent once, and decided there', async () => {
    const { cli, url } = await serve()
    const arrived = target.arrived()
    target.answer = () => undefined
    const cut = ask(`${url}/v1/effects`, {
      key: 'killed',
      operation: 'charge',
      target: { url: `${target.url}/killed` },
    }).catch(() => 'cut')
    await arrived
    cli.child.kill('SIGKILL')
    await cli.ended
    expect(await cut).toBe('cut')
    lapse()
    bench.write('serve.yaml', 'jobs: { everyMs: 100 }\n')
    const next = await serve('--config', 'serve.yaml')
    let doubts: readonly Record<string, unknown>[] = []
    while (doubts.length === 0)
      doubts = (await ask(`${next.url}/v1/doubts`))['doubts'] as readonly Record<string, unknown>[]
    const ref = String(doubts[0]?.['ref'])
    expect(doubts).toMatchObject([{ key: 'killed', state: 'in_doubt', why: expect.any(String) as string }])
    const decided = await ask(`${next.url}/v1/doubts/${ref}/resolution`, resolution)
    expect(decided).toMatchObject({ ref, state: 'succeeded', value: { id: 7 } })
    expect(target.count('/killed')).toBe(1)
    const entry = await ask(`${next.url}/v1/entries/${ref}`)
    const types = (entry['history'] as readonly { type: string }[]).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['claimed', 'in_doubt', 'resolved']))
    const trail = json(await bench.run(['audit-trail', 'verify', '--json']))
    expect(trail).toMatchObject({ intact: true, records: 1 })
  })

  /** The killed server's lease is over at once: waiting for it would take its 30 s. */
  function lapse(): void {
    const { DatabaseSync: Sqlite } = loadSqlite()
    const db = new Sqlite(bench.path('onceward.db'), { timeout: 5000 })
    db.exec('UPDATE onceward_entries SET lease_until_ms = 1')
    db.close()
  }

  it('asks the status URL of the configuration what became of work whose owner died', async () => {
    const child = ['sh', '-c', 'echo $$ > pids; exec sleep 60']
    const cli = bench.start(['run', '--operation', 'pay', '--key', 'p/1', '--', ...child])
    while (bench.lines('pids').length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    cli.child.kill('SIGKILL')
    bench.killOrphans('pids')
    await cli.ended
    const { DatabaseSync: Sqlite } = loadSqlite()
    const db = new Sqlite(bench.path('onceward.db'), { timeout: 5000 })
    db.exec("UPDATE onceward_entries SET lease_until_ms = 1, safety = 'verifiable'")
    db.close()
    target.answer = (arrival, response) =>
      response.writeHead(arrival.headers.authorization === 'Bearer s3cret' ? 200 : 401).end('{"paid":true}')
    bench.write(
      'serve.yaml',
      `jobs: { everyMs: 100 }\noperations: { pay: { statusUrl: '${target.url}/status/{key}', settleMs: 5000, tokenEnv: PAY_TOKEN } }\n`,
    )
    const started = bench.start(['serve', '--listen', '127.0.0.1:0', '--config', 'serve.yaml', '--json'], {
      PAY_TOKEN: 's3cret',
    })
    await started.printed('}')
    const [, url = ''] = /control room (\S+),/.exec(started.errorText) ?? []
    let entries: readonly Record<string, unknown>[] = []
    while (entries.length === 0)
      entries = (await ask(`${url}/v1/entries?state=succeeded&values=true`))['entries'] as typeof entries
    expect(entries).toMatchObject([{ operation: 'pay', value: { paid: true } }])
    expect(target.journal.at(-1)).toMatchObject({ method: 'GET', path: '/status/p%2F1' })
  })

  it('makes, lists and revokes tokens; once there is one, everything needs one', async () => {
    const { url } = await serve()
    expect(await ask(`${url}/v1/me`)).toMatchObject({ role: 'admin', id: 'loopback' })
    const made = json(await bench.run(['token', 'create', '--role', 'viewer', '--name', 'grafana', '--json']))
    const headers = { authorization: `Bearer ${String(made['token'])}` }
    while ((await ask(`${url}/v1/me`))['status'] !== 401)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await ask(`${url}/v1/me`, undefined, headers)).toMatchObject({ name: 'grafana', role: 'viewer' })
    const listed = json(await bench.run(['token', 'list', '--json']))
    expect(listed['tokens']).toMatchObject([{ id: made['id'], name: 'grafana', createdBy: 'command line' }])
    const bad = await bench.run(['token', 'create', '--role', 'god', '--name', 'x'])
    expect([bad.code, bad.stderr.toString()]).toEqual([2, expect.stringContaining('role must be one of')])
    expect((await bench.run(['token', 'revoke', String(made['id'])])).code).toBe(0)
    while ((await ask(`${url}/v1/me`, undefined, headers))['status'] !== 401)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await bench.run(['token', 'revoke', 'nothing'])).code).toBe(1)
  })

  it('listens for other machines only where there is a token, and speaks TLS with files', async () => {
    const refused = await bench.run(['serve', '--listen', '0.0.0.0:0'])
    expect([refused.code, refused.stderr.toString()]).toEqual([
      2,
      expect.stringContaining('listen must be a loopback address as long as there is no token'),
    ])
    await bench.run(['token', 'create', '--role', 'admin', '--name', 'ops'])
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
    execFileSync('openssl', [...args, '-keyout', bench.path('key.pem'), '-out', bench.path('cert.pem')], {
      stdio: 'ignore',
    })
    bench.write('serve.yaml', 'tls: { certFile: cert.pem, keyFile: key.pem }\n')
    const cli = bench.start(['serve', '--listen', '0.0.0.0:0', '--config', 'serve.yaml', '--json'])
    await cli.printed('}')
    const [, port = ''] = /https:\/\/0\.0\.0\.0:(\d+)/.exec(cli.errorText) ?? []
    const status = await new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/v1/me', rejectUnauthorized: false }
      secureRequest(options, (response) =>
        resolve([response.statusCode, response.headers['strict-transport-security']]),
      )
        .on('error', reject)
        .end()
    })
    expect(status).toEqual([401, expect.stringContaining('max-age')])
  })
})

describe('onceward audit-trail verify', () => {
  it('ends with 0 where the chain is whole, with 1 and the place where it is not', async () => {
    await bench.run(['token', 'create', '--role', 'viewer', '--name', 'a'])
    const whole = await bench.run(['audit-trail', 'verify', '--json'])
    expect([whole.code, json(whole)]).toEqual([0, expect.objectContaining({ intact: true, records: 1 })])
    const { DatabaseSync: Sqlite } = loadSqlite()
    const db = new Sqlite(bench.path('onceward.db'))
    db.exec(
      "UPDATE onceward_records SET body = replace(body, 'viewer', 'admin') WHERE stream = 'audit-trail'",
    )
    db.close()
    const broken = await bench.run(['audit-trail', 'verify', '--json'])
    expect([broken.code, json(broken)['broken']]).toEqual([
      1,
      { seq: 1, why: 'it was changed after it was written' },
    ])
  })
})
