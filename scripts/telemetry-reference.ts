// node scripts/telemetry-reference.ts: writes the table of metrics in docs/guide/telemetry.md from src/telemetry/metric-list.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { metricNames, metricOf } from '../src/telemetry/metric-list.ts'
import { markdownTable, withTables } from './guide-tables.ts'

export const telemetryPath: string = fileURLToPath(new URL('../docs/guide/telemetry.md', import.meta.url))

/** The page with its table as it has to be. */
export function telemetryPage(text: string): string {
  return withTables(text, { metrics: metricsTable })
}

function metricsTable(): string {
  const rows = metricNames.map((name) => {
    const { kind, labels, help } = metricOf(name)
    const names = Object.keys(labels).map((label) => `\`${label}\``)
    return [`\`${name}\``, kind, names.join(', '), help]
  })
  return markdownTable(['name', 'kind', 'labels', 'says'], rows)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(telemetryPath, telemetryPage(readFileSync(telemetryPath, 'utf8')))
}
