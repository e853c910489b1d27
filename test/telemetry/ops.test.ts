import { spawn, spawnSync } from 'node:child_process'
import { once as onceEvent } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { createTelemetry, metricNames } from '../../src/telemetry/index.ts'
import { root } from '../support/repo.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { readPromQl, unknownNames, withoutVariables } from './support/promql.ts'

const ops = join(root, 'src/telemetry/ops')
const alertsPath = join(ops, 'alerts.yaml')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const { groups } = parse(readFileSync(alertsPath, 'utf8')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(readFileSync(join(ops, 'grafana.json'), 'utf8')) as {
  panels: { title: string; targets: { expr: string }[] }[]
}
const queries = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }): [string, string] => [title, expr]),
)

/** A label in a text is one that the query leaves. */
function labelsInTexts({ annotations }: Rule): readonly string[] {
  return Object.values(annotations).flatMap((text) =>
    [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label as string),
  )
}

describe('alert rules', () => {
  it.each(rules.map((rule): [string, Rule] => [rule.alert, rule]))(
    '%s parses and names only what is exported',
    (_, rule) => {
      expect(unknownNames(rule.expr)).toEqual([])
      const { metrics } = readPromQl(rule.expr)
      expect(unknownNames(`sum by (${labelsInTexts(rule).join(', ')}) (${metrics[0]})`)).toEqual([])
      expect(rule.labels['severity']).toMatch(/^(page|ticket)$/)
      expect(rule.annotations['summary']).toBeTruthy()
    },
  )

  it('are there for each thing that somebody should hear of', () => {
    const named = new Set(rules.flatMap(({ expr }) => readPromQl(expr).metrics))
    for (const metric of [
      'idempotency_key_duplicates_total',
      'onceward_twins_total',
      'onceward_in_doubt_oldest_seconds',
      'http_client_retries_total',
      'onceward_pool_queued',
      'onceward_lease_lost_total',
      'onceward_message_size_limit_ratio',
      'onceward_reconcile_differences',
    ])
      expect(named).toContain(metric)
  })

  it('pass promtool’s checks and tests', ({ skip }) => {
    const version = spawnSync('promtool', ['--version'])
    if (version.error !== undefined) skip('promtool is not installed')
    for (const command of [
      ['check', 'rules', alertsPath],
      ['test', 'rules', join(ops, 'alert-cases.yaml')],
    ]) {
      const { status, stderr, stdout } = spawnSync('promtool', command, { encoding: 'utf8' })
      expect({ status, said: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, said: '' })
    }
  })
})

describe('the dashboard of Grafana', () => {
  it.each(queries)('%s: %s', (_, query) => {
    expect(unknownNames(query)).toEqual([])
  })

  it('shows every metric', () => {
    const shown = new Set(queries.flatMap(([, query]) => readPromQl(withoutVariables(query)).metrics))
    const hidden = metricNames.filter((name) => ![name, `${name}_bucket`].some((series) => shown.has(series)))
    expect(hidden).toEqual([])
  })

  it('is answered by a real Prometheus that scrapes us', { timeout: 120_000 }, async ({
    skip,
    onTestFinished,
  }) => {
    if (spawnSync('prometheus', ['--version']).error !== undefined) skip('prometheus is not installed')
    const telemetry = createTelemetry()
    const once = telemetry.instrument(createOnceward({ store: memoryStore(), sweep: false }))
    onTestFinished(() => once.close())
    await once.run({ operation: 'charge', key: '1' }, () => 1)
    let scrapes = 0
    let onThird = (): void => undefined
    const third = new Promise<void>((resolve) => {
      onThird = resolve
    })
    const target = createServer((request, response) => {
      scrapes += 1
      if (scrapes === 3) onThird()
      telemetry.handler(request, response)
    }).listen(0, '127.0.0.1')
    await onceEvent(target, 'listening')
    onTestFinished(() => void target.close())
    const dir = temporaryDirectory()
    const config = join(dir, 'prometheus.yml')
    const { port } = target.address() as AddressInfo
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [alertsPath],
        scrape_configs: [{ job_name: 'onceward', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
      }),
    )
    const listen = await freePort()
    const prometheus = spawn('prometheus', [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${listen}`,
    ])
    onTestFinished(() => void prometheus.kill('SIGKILL'))
    await third
    for (const [title, query] of queries) {
      const url = `http://127.0.0.1:${listen}/api/v1/query?query=${encodeURIComponent(withoutVariables(query))}`
      expect({ title, ...((await (await fetch(url)).json()) as object) }).toMatchObject({
        title,
        status: 'success',
      })
    }
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await onceEvent(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
