import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createPlain } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { ContractReport } from '../../src/contract/report.ts'
import { CliBench, type CliResult, json } from '../e2e/cli-bench.ts'
import { isAlive, until } from '../support/processes.ts'
import { openApiOf, type Service } from './service.ts'
import { of, started, withOutcome } from './tested.ts'

let bench: CliBench

beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

function reportOf(done: CliResult): ContractReport {
  return json(done) as unknown as ContractReport
}

function counting(service: Service, ...more: string[]): string[] {
  return [
    'contract',
    '--url',
    service.url(),
    '--count-url',
    service.url(),
    '--count-path',
    '$.total',
    '--settle',
    '30ms',
    ...more,
  ]
}

describe('onceward contract', () => {
  it('ends with 0 and one document where a service conforms, with all that it can be given', async () => {
    const service = await started({ keys: 'lenient' })
    bench.write('openapi.json', openApiOf().text)
    bench.write('error.json', '{"decline":true}')
    const args = [
      '--openapi',
      'openapi.json',
      '--other-path',
      '/refunds',
      '--other-caller',
      'Authorization: Bearer two',
    ]
    const more = ['--error-body', 'error.json', '--restart', 'true', '--junit', 'report.xml', '--json']
    const done = await bench.run(counting(service, '--header', 'Authorization: Bearer one', ...args, ...more))
    const report = reportOf(done)
    expect(report).toMatchObject({ target: service.url(), profile: 'ietf-07-lenient', verdict: 'conforms' })
    expect(withOutcome(report, 'pass')).toEqual(report.checks.map(({ id }) => id))
    expect(done.code).toBe(0)
    expect(readFileSync(bench.path('report.xml'), 'utf8')).toContain(
      `tests="${report.checks.length}" failures="0"`,
    )
    expect(String(done.stderr)).toContain('0 of 16 checks, now first-accepted')
  })

  it('ends with 1 where it is unsafe, with the count and without a single byte on standard output', async () => {
    const service = await started({ isUnguarded: true })
    const done = await bench.run(counting(service))
    expect(done.code).toBe(1)
    expect(String(done.stdout)).toBe('')
    expect(String(done.stderr)).toContain('unsafe: 21 effects for one key')
    expect(String(done.stderr)).not.toContain('\u001b[')
  })

  it('paints where it is told to, and not where NO_COLOR says so', async () => {
    bench.write('openapi.json', openApiOf('expiry-published').text)
    const args = ['contract', '--openapi', 'openapi.json']
    const painted = await bench.run(args, { FORCE_COLOR: '1' })
    expect(String(painted.stderr)).toContain('\u001b[33mdeviates')
    const plain = await bench.run(args, { NO_COLOR: '1', FORCE_COLOR: undefined })
    expect(String(plain.stderr)).not.toContain('\u001b[')
  })

  it('takes a body from standard input, makes a text of it unique, and another method', async () => {
    const bodies: string[] = []
    const server = createPlain((request, response) => {
      let body = `${request.method} ${request.headers['content-type']} `
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.once('end', () => {
        bodies.push(body)
        response.writeHead(500).end()
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const args = ['contract', '--url', url, '--method', 'patch', '--body', '-', '--unique', '/a/b']
    const running = bench.start([...args, '--header', 'Content-Type: application/merge-patch+json', '--json'])
    running.child.stdin.end('{"a":{"b":"x"},"n":"{{n}}"}')
    expect((await running.ended).code).toBe(1)
    expect(bodies).toHaveLength(1)
    expect(bodies[0]).toMatch(
      /^PATCH application\/merge-patch\+json \{"a":\{"b":"[\da-f-]{36}"\},"n":"\d+"\}$/,
    )
  })

  it.each([
    [['--url', 'ftp://x'], 'ftp://x'],
    [[], '--url'],
    [['--url', 'http://127.0.0.1:9', '--profile', 'nope'], 'nope'],
    [['--url', 'http://127.0.0.1:9', '--header', 'nope'], 'nope'],
    [['--url', 'http://127.0.0.1:9', '--body', 'nope.json'], 'nope.json'],
    [['--url', 'http://127.0.0.1:9', '--count-path', '$.a'], '--count-url'],
    [['--url', 'http://127.0.0.1:9', '--count-url', 'http://x', '--count-webhook', '0'], '--count-webhook'],
    [['--url', 'http://127.0.0.1:9', '--count-webhook', 'a b'], 'a b'],
    [['--url', 'http://127.0.0.1:9', '--timeout', 'soon'], 'soon'],
    [['--url', 'http://127.0.0.1:9', '--timeout', '2h'], '2h'],
    [['--url', 'http://127.0.0.1:9', '--config', 'x.yaml'], '--config'],
    [['--policy', 'p.md', '--config', 'x.yaml', '--profile', 'acp'], '--profile'],
    [['--url', 'http://127.0.0.1:9', '--init', 'x.yaml'], '--url'],
    [['--init', 'nope.yaml'], 'nope.yaml'],
    [['--policy', 'page.txt'], 'page.txt'],
  ])('%j is bad usage', async (args, named) => {
    const done = await bench.run(['contract', ...args, '--json'])
    expect(json(done)).toMatchObject({
      error: { code: 'OPTION_INVALID', message: expect.stringContaining(named) },
    })
    expect(done.code).toBe(2)
  })

  it('says in a code that nobody answers', async () => {
    const done = await bench.run(['contract', '--url', 'http://127.0.0.1:9/', '--json'])
    expect(json(done)).toMatchObject({ error: { code: 'TARGET_UNREACHABLE' } })
    expect(done.code).toBe(1)
  })

  it('leaves nothing running when it is ended, the restarting command included', async () => {
    const service = await started({ keys: 'lenient' })
    const running = bench.start(
      counting(service, '--restart', 'echo $$ >> pids; sleep 300 & echo $! >> pids; wait', '--json'),
    )
    await until(() => bench.lines('pids').length === 2, 'the command')
    running.child.kill('SIGINT')
    const done = await running.ended
    expect(done.code).toBe(130)
    expect(json(done)).toMatchObject({ error: { code: 'ENDED_EARLY' } })
    await until(() => bench.lines('pids').every((pid) => !isAlive(Number(pid))), 'their end')
  })

  it('is bounded as a whole', async () => {
    const service = await started({ keys: 'lenient' })
    const done = await bench.run(counting(service, '--limit', '300ms', '--restart', 'sleep 300'))
    expect(done.code).toBe(1)
    expect(String(done.stderr)).toContain('did not end within')
  })

  it('tells of a restart that fails', async () => {
    const done = await bench.run(
      counting(await started({ keys: 'lenient' }), '--restart', 'exit 7', '--json'),
    )
    expect(json(done)).toMatchObject({
      error: { code: 'OPTION_INVALID', message: expect.stringContaining('got 7') },
    })
  })

  it('tests over TLS, cuts included', async (context) => {
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost']
    const names = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', 'key.pem', '-out', 'cert.pem']
    const made = spawnSync('openssl', [...args, ...names], { cwd: bench.folder })
    if (made.status !== 0) return context.skip('there is no openssl to make a certificate with')
    const service = await started({ keys: 'lenient' })
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(bench.path(name)))
    const server = createServer({ key, cert }, service.handler).listen(0, 'localhost')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `https://localhost:${(server.address() as AddressInfo).port}/orders`
    const options = [
      '--url',
      url,
      '--count-url',
      url,
      '--count-path',
      '$.total',
      '--settle',
      '30ms',
      '--json',
    ]
    const done = await bench.run(['contract', ...options], { NODE_EXTRA_CA_CERTS: bench.path('cert.pem') })
    const report = reportOf(done)
    expect(report.verdict, String(done.stderr)).toBe('conforms')
    for (const id of ['reply-cut', 'request-cut', 'concurrent-same-key'] as const)
      expect(of(report, id)).toMatchObject({ outcome: 'pass', effects: 1 })
    // A certificate that nobody vouches for is no target.
    const refused = await bench.run(['contract', ...options])
    expect(json(refused)).toMatchObject({ error: { code: 'TARGET_UNREACHABLE' } })
  })
})

describe('onceward contract without --url', () => {
  it('holds a document to publish its keys, and sends nothing', async () => {
    bench.write('good.json', openApiOf().text)
    bench.write('bad.json', openApiOf('expiry-published').text)
    const good = await bench.run(['contract', '--openapi', 'good.json', '--json'])
    expect(good.code).toBe(0)
    expect(withOutcome(reportOf(good), 'pass')).toEqual(['expiry-published'])
    const bad = await bench.run(['contract', '--openapi', 'bad.json', '--json'])
    expect(bad.code).toBe(1)
    expect(reportOf(bad)).toMatchObject({
      target: 'bad.json',
      verdict: 'deviates',
      summary: { pass: 0, fail: 1 },
    })
  })

  it('--init adds to a document once, which then passes', async () => {
    bench.write('openapi.yaml', 'openapi: 3.1.0 # ours\npaths:\n  /a:\n    post:\n      responses: {}\n')
    bench.write('policy.yaml', 'service: Shop\ndefaults: { retainMs: 129600000 }\n')
    const init = ['contract', '--init', 'openapi.yaml', '--config', 'policy.yaml', '--json']
    const first = await bench.run(init)
    expect(first.code).toBe(0)
    expect(json(first)).toMatchObject({ init: { file: 'openapi.yaml', added: [{ operation: 'POST /a' }] } })
    const text = readFileSync(bench.path('openapi.yaml'), 'utf8')
    expect(text).toContain('# ours')
    expect(text).toContain('PT36H')
    expect(json(await bench.run(init))).toMatchObject({ init: { added: [] } })
    expect(readFileSync(bench.path('openapi.yaml'), 'utf8')).toBe(text)
    expect((await bench.run(['contract', '--openapi', 'openapi.yaml'])).code).toBe(0)
  })

  it.each(['md', 'html'])('--policy writes the page as .%s', async (form) => {
    bench.write('policy.yaml', 'service: Shop\ndefaults: { retainMs: 129600000 }\n')
    const done = await bench.run(['contract', '--policy', `page.${form}`, '--config', 'policy.yaml'])
    expect(done.code).toBe(0)
    expect(readFileSync(bench.path(`page.${form}`), 'utf8')).toContain('36 hours')
  })
})
