import { createHash } from 'node:crypto'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { CliBench, json } from '../../e2e/cli-bench.ts'
import { root } from '../../support/repo.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

it('postmortem writes the file, says what blames, and what has changed since', async () => {
  const bench = new CliBench()
  onTestFinished(() => bench.dispose())
  const folder = temporaryDirectory()
  cpSync(join(root, 'examples/triage-bundle'), folder, { recursive: true })
  const first = await bench.run(['postmortem', folder, '-o', 'pm.html', '--md', 'pm.md', '--json'])
  expect(first.code).toBe(0)
  expect(json(first)).toMatchObject({ onceward: 'post-mortem/v1', lint: [] })
  expect(bench.lines('pm.html').join('\n')).toContain('Batches dispatched twice')
  writeFileSync(join(folder, 'before.json'), first.stdout)
  // With a mark at its beginning: the digest is of the bytes, not of what they say.
  const chat = Buffer.from('\uFEFFat,text\n2026-02-07T14:40:00Z,All clear\n')
  writeFileSync(join(folder, 'chat.csv'), chat)
  const args = ['--timeline', join(folder, 'chat.csv'), '--diff', join(folder, 'before.json')]
  const second = await bench.run(['postmortem', folder, ...args])
  expect([second.code, String(second.stderr)]).toEqual([
    0,
    expect.stringContaining('timeline: added: 2026-02-07T14:40 All clear'),
  ])
  const { stdout } = await bench.run(['postmortem', folder, '--timeline', join(folder, 'chat.csv'), '--json'])
  expect((JSON.parse(String(stdout)) as { pack: unknown[] }).pack.at(-1)).toEqual({
    path: 'chat.csv',
    bytes: chat.length,
    sha256: createHash('sha256').update(chat).digest('hex'),
    isImported: true,
  })
  const [nowhere, missing] = await Promise.all([
    bench.run(['postmortem', folder]),
    bench.run(['postmortem', join(folder, 'none'), '-o', 'x.html']),
  ])
  expect([nowhere.code, missing.code]).toEqual([2, 2])
  expect(String(nowhere.stderr)).toContain('somewhere to write to')
  expect(String(missing.stderr)).toContain('BUNDLE must be a folder with an incident.yaml')
})
