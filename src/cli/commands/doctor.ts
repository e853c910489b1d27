import type { Command } from 'commander'
import { setAction, storeCommand } from '../command.ts'
import { examine, reportOf } from '../doctor/examine.ts'
import { parsePoolPlan, withPools } from '../doctor/pools.ts'
import type { Claim, DoctorReport } from '../doctor/report.ts'
import { exitCodeOf, exitCodes } from '../exit.ts'
import { say, writeJson } from '../output.ts'
import { printable, textTable } from '../table.ts'

export function doctorCommand(): Command {
  const command = storeCommand('doctor', 'look at Node, SQLite and the store, and say which promises hold')
    .option('--workers <n>', 'processes that will use this PostgreSQL: is it enough for all of them?')
    .option('--pool <n>', 'connections that each of them may open (default: 10, as the store)')
  return setAction<{ workers?: string; pool?: string }>(command, async ({ globals, options }) => {
    const plan = parsePoolPlan(options)
    const examination = withPools(await examine(globals.store), plan)
    const report = await reportOf(examination)
    if (globals.json) await writeJson(report)
    else await say(textOf(report))
    if (examination.error !== undefined) return exitCodeOf(examination.error)
    return report.ok ? exitCodes.done : exitCodes.found
  })
}

function textOf(report: DoctorReport): string {
  const { store } = report
  const settings = Object.entries(store.settings).map(([name, value]) => [
    name,
    printable(String(value ?? 'unknown')),
  ])
  const facts = [
    ['node', `${report.node.version} (needs ${report.node.needed})`],
    ['sqlite', report.sqlite.version],
    ['store', printable(store.location)],
    ['reachable', store.reachable ? 'yes' : 'no'],
    ['schema', store.schemaVersion === undefined ? 'none yet' : String(store.schemaVersion)],
    [
      'lineage',
      store.lineage === undefined ? 'none yet' : `epoch ${store.lineage.epoch}, ${store.lineage.nonce}`,
    ],
    ...settings,
  ]
  const claims = report.claims.map((claim) => [holdsText(claim), claim.claim, printable(claim.why)])
  const changes = report.claims.flatMap(({ claim, change }) =>
    change === undefined ? [] : [`To keep "${claim}": ${printable(change)}`],
  )
  const findings = report.findings.map(({ level, text }) => `${level}: ${printable(text)}`)
  return [
    textTable(['WHAT', 'IS'], facts),
    ...(claims.length === 0 ? [] : ['', textTable(['HOLDS', 'PROMISE', 'WHY'], claims)]),
    '',
    ...(findings.length === 0 ? ['No problems found.'] : findings),
    ...changes,
  ].join('\n')
}

function holdsText({ holds, applies }: Claim): string {
  if (!applies) return '-'
  return holds === null ? 'unknown' : holds ? 'yes' : 'no'
}
