import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJournal } from '../../../src/testing/journal.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/processes.ts'
import { FaultPeer } from './fault-peer.ts'
import type { Fault } from './faults.ts'
import { countOutcomes, soakIntent, type SoakOutcome, type SoakReport, soakViolations } from './soak-plan.ts'
import type { SoakConfig } from './soak-worker.ts'

const program = fileURLToPath(new URL('soak-worker.ts', import.meta.url))

export interface SoakOptions {
  readonly intents: number
  readonly seed: number
  readonly mutant?: string
  /** With a ledger: the first sender is killed when it has reported this fraction, and another does all. */
  readonly killAt?: number
}

export interface SoakResult {
  /** What does not hold, in sentences. */
  readonly violations: readonly string[]
  readonly outcomes: Readonly<Record<SoakOutcome, number>>
  readonly effects: number
  readonly faults: Partial<Record<Fault, number>>
  /** Outcomes that the sender that was killed had reported. */
  readonly reportedBefore: number
  readonly tookMs: number
}

/** Senders and the peer in processes of their own; the peer's journal is compared with what the senders reported. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { intents, seed, mutant, killAt } = options
  const directory = temporaryDirectory()
  const startMs = performance.now()
  const peer = await FaultPeer.start(join(directory, 'peer.jsonl'))
  try {
    const config: SoakConfig = {
      peerUrl: peer.url,
      deadUrl: `http://127.0.0.1:${await deadPort()}`,
      reportsPath: join(directory, 'reports.jsonl'),
      seed,
      from: 0,
      to: intents,
      // With a ledger a key has to outlive a takeover; then the peer forgets none.
      keyLifetimeMs: killAt === undefined ? 1_000 : 600_000,
      forgets: killAt === undefined,
      concurrency: 128,
      ...(mutant === undefined ? {} : { mutant }),
      ...(killAt === undefined ? {} : { ledgerPath: join(directory, 'ledger.db') }),
    }
    const before = killAt === undefined ? [] : await killed(config, Math.floor(intents * killAt))
    await finished(config)
    const faults = await peer.idle()
    const reports = new Map(
      readJournal<SoakReport>(config.reportsPath).map((report) => [report.id, report] as const),
    )
    const effects = peer.effects()
    const planned = Array.from({ length: intents }, (_, at) => soakIntent(seed, at, config))
    return {
      violations: [...soakViolations(reports, effects, planned), ...unlike(before, reports)],
      outcomes: countOutcomes(reports.values()),
      effects: [...effects.values()].reduce((sum, count) => sum + count, 0),
      faults,
      reportedBefore: before.length,
      tookMs: performance.now() - startMs,
    }
  } finally {
    await peer.end()
  }
}

/** What the sender that was killed had told its callers must be what the next one tells them. */
function unlike(before: readonly SoakReport[], after: ReadonlyMap<string, SoakReport>): string[] {
  return before.flatMap(({ id, outcome, effectId }) => {
    const now = after.get(id)
    if (outcome !== 'done' || (now?.outcome === 'done' && now.effectId === effectId)) return []
    return [`${id}: was reported done (${effectId}), and is ${now?.outcome} (${now?.effectId}) for the next sender`]
  })
}

/** Runs a sender until it has reported so many, and kills it. */
async function killed(config: SoakConfig, reports: number): Promise<readonly SoakReport[]> {
  const reportsPath = `${config.reportsPath}.first`
  const child = start({ ...config, reportsPath })
  const ended = once(child, 'close')
  await until(() => child.exitCode !== null || readJournal(reportsPath).length >= reports, 'the first reports')
  child.kill('SIGKILL')
  await ended
  return readJournal<SoakReport>(reportsPath)
}

async function finished(config: SoakConfig): Promise<void> {
  const child = start(config)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code !== 0) throw new Error(`the sender ended with ${signal ?? `exit code ${code}`}`)
}

function start(config: SoakConfig): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', program, JSON.stringify(config)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** A port at which nobody listens: one that was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
