import { relative } from 'node:path'
import Table from 'cli-table3'
import type { DoubtReceipt } from '../ledger/receipt.ts'
import type { Faults } from './half.ts'
import type { DemoReport } from './report.ts'
import { effectKinds } from './schedule.ts'

const listedDoubts = 3
const targets = {
  charge: 'charge (provider takes a key)',
  dispatch: 'dispatch (partner can be asked)',
  mail: 'mail (nobody can be asked)',
} as const

export interface ReportTextInput {
  readonly report: DemoReport
  readonly doubts: readonly DoubtReceipt[]
  /** As one would type it: `onceward`, or its form inside the checkout. */
  readonly command: string
  /** False where the store has ended with the demo. */
  readonly isStoreKept: boolean
}

/** What a person reads at the end: the table, what the faults were, and what to do next. */
export function reportText(input: ReportTextInput): string {
  const { report } = input
  const { unguarded, guarded, orders, workers, seed, durationMs } = report
  return [
    '',
    `${orders} orders, ${workers} workers, seed ${seed}, ${(durationMs / 1000).toFixed(1)} s. Counted in the peers' own journals.`,
    '',
    table(report),
    '',
    `faults without Onceward: ${faultsText(unguarded.faults)}`,
    `faults with Onceward:    ${faultsText(guarded.faults)}; ${guarded.replayed} calls were answered from the ledger`,
    ...notAccepted(report),
    ...(guarded.open === 0 ? [] : [`${guarded.open} entries of the ledger did not come to an end in time.`]),
    '',
    ...verdict(report),
    '',
    ...nextSteps(input),
    '',
    `Journals and fault schedule: ${shortPath(report.folder)}`,
  ].join('\n')
}

function table({ unguarded, guarded }: DemoReport): string {
  const result = new Table({
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
  })
  result.push(
    [
      { content: 'effect', rowSpan: 2 },
      { content: 'without Onceward', colSpan: 3, hAlign: 'center' },
      { content: 'with Onceward', colSpan: 5, hAlign: 'center' },
    ],
    ['done', 'twice', 'never', 'done', 'twice', 'never', 'in doubt', 'settled\nby asking'],
  )
  for (const kind of effectKinds) {
    const plain = unguarded.byEffect[kind]
    const once = guarded.byEffect[kind]
    result.push([
      targets[kind],
      plain.effects,
      plain.duplicated,
      plain.lost,
      once.effects,
      once.duplicated,
      once.lost,
      once.inDoubt,
      once.settledByAsking,
    ])
  }
  return result.toString()
}

function faultsText({ clientRetries, doubleClicks, workerKills, slowAnswers }: Faults): string {
  return `${clientRetries} client retries, ${doubleClicks} double clicks, ${workerKills} workers killed, ${slowAnswers} slow answers`
}

function notAccepted({ unguarded, guarded, orders }: DemoReport): readonly string[] {
  const missing = [
    ['without', orders - unguarded.accepted],
    ['with', orders - guarded.accepted],
  ] as const
  return missing.flatMap(([half, count]) =>
    count === 0 ? [] : [`${count} orders were not accepted ${half} Onceward: their clients gave up.`],
  )
}

function verdict({ unguarded, guarded }: DemoReport): readonly string[] {
  const plain = `Without Onceward ${unguarded.duplicated} effects happened more than once and ${unguarded.lost} got lost.`
  const isClean = guarded.duplicated === 0 && guarded.lost === 0
  const once = isClean
    ? 'With it, the same code under the same faults: none twice, none lost.'
    : `With it ${guarded.duplicated} happened more than once and ${guarded.lost} got lost: this is a defect of Onceward, please report it with the journals.`
  return [`${plain} ${once}`]
}

function nextSteps({ report, doubts, command, isStoreKept }: ReportTextInput): readonly string[] {
  const first = doubts[0]
  if (first === undefined) {
    return [
      'Nothing is in doubt. What the ledger holds:',
      ...(isStoreKept ? [`  ${command} ls ${storeArguments(report)}`] : ended),
    ]
  }
  const shown = doubts
    .slice(0, listedDoubts)
    .map((doubt) => `  ${doubt.ref}  ${doubt.operation} ${doubt.subject ?? ''}`)
  const more = doubts.length > listedDoubts ? [`  … and ${doubts.length - listedDoubts} more`] : []
  const commands = isStoreKept
    ? [
        `  ${command} doubt list ${storeArguments(report)}`,
        `  ${command} doubt resolve ${first.ref} --happened --by NAME --because TEXT ${storeArguments(report)}`,
      ]
    : ended
  return [
    `${doubts.length} in doubt: a worker was killed while it sent them, and nobody but a person can find out:`,
    ...shown,
    ...more,
    'What one would do next:',
    ...commands,
  ]
}

const ended = [
  '  That PostgreSQL has ended with the demo; with --store postgres://… the ledger stays to be looked at.',
]

function storeArguments({ store, scope }: DemoReport): string {
  const path = store.startsWith('sqlite:') ? `sqlite:${shortPath(store.slice('sqlite:'.length))}` : store
  // What the command would take without being told.
  const assumedScope = process.env['ONCEWARD_SCOPE'] || 'default'
  return `--store ${quoted(path)}${scope === assumedScope ? '' : ` --scope ${scope}`}`
}

/** Fit for a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function shortPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near === '' || near.startsWith('..') ? path : `./${near}`
}
