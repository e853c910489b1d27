import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { readJournal } from '../../../src/testing/journal.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { FaultPeer } from './fault-peer.ts'
import { type Fault, faults } from './faults.ts'
import { soakMutants } from './soak-mutants.ts'
import { countOutcomes, soakIntent, type SoakOutcome, type SoakReport, soakViolations } from './soak-plan.ts'
import { sendAll, type SoakConfig, type SoakEnd } from './soak-sender.ts'

const program = fileURLToPath(new URL('soak-worker.ts', import.meta.url))

export interface SoakResult {
  /** What does not hold, in sentences. */
  readonly violations: readonly string[]
  readonly outcomes: Readonly<Record<SoakOutcome, number>>
  readonly effects: number
  readonly faults: Partial<Record<Fault, number>>
  /** How many outcomes the sender that was killed had reported, and what the next one did. */
  readonly reportedBefore: number
  readonly end: SoakEnd
  readonly tookMs: number
}

/** A peer and a folder, for one soak or several. */
export class SoakBench {
  readonly peer: FaultPeer
  readonly #folder: string
  readonly #deadUrl: string
  #soaks = 0

  private constructor(peer: FaultPeer, folder: string, deadUrl: string) {
    this.peer = peer
    this.#folder = folder
    this.#deadUrl = deadUrl
  }

  static async open(options: { readonly remembersMs?: number } = {}): Promise<SoakBench> {
    const folder = temporaryDirectory()
    const [peer, port] = await Promise.all([FaultPeer.start(join(folder, 'peer.jsonl'), options), deadPort()])
    onTestFinished(() => peer.end())
    return new SoakBench(peer, folder, `http://127.0.0.1:${port}`)
  }

  /** A sender in a process of its own, without a ledger. */
  soak(intents: number, seed: number): Promise<SoakResult> {
    const config = this.#config(intents, seed)
    return this.#judged(config, () => finished(config))
  }

  /** The same with one decision broken, in this process. */
  soakMutant(mutant: string, intents: number, seed: number): Promise<SoakResult> {
    const broken = {
      mutant,
      faults: soakMutants[mutant]?.faults ?? faults,
      // Nobody gives up on a busy machine: what shows is what breaks, not what is late.
      timeoutMs: 10_000,
      keyLifetimeMs: 600_000,
      deadlineMs: 4_500,
      concurrency: 16,
    }
    const config = { ...this.#config(intents, seed), ...broken }
    return this.#judged(config, () => sendAll(config))
  }

  /** With a ledger: a sender is killed when it has reported a quarter as done, and another one goes on with all intents. */
  async soakKilled(intents: number, seed: number): Promise<SoakResult> {
    const config = {
      ...this.#config(intents, seed),
      // A key has to outlive the takeover; so the peer must forget none.
      keyLifetimeMs: 600_000,
      faults: faults.filter((fault) => fault !== 'forgets'),
      ledgerPath: join(this.#folder, 'ledger.db'),
    }
    const before = await killed(config, Math.floor(intents / 4))
    const result = await this.#judged(config, () => finished(config))
    const reports = readReports(config.reportsPath)
    return {
      ...result,
      violations: [...result.violations, ...unlike(before, reports)],
      reportedBefore: before.length,
    }
  }

  #config(intents: number, seed: number): SoakConfig {
    this.#soaks += 1
    const name = `s${this.#soaks}`
    return {
      name,
      peerUrl: this.peer.url,
      deadUrl: this.#deadUrl,
      reportsPath: join(this.#folder, `${name}.jsonl`),
      seed,
      faults,
      intents,
      // Less than the peer remembers them, by more than a request can be late.
      keyLifetimeMs: 600,
      // Less than the peer takes to be late.
      timeoutMs: 150,
      deadlineMs: 5_000,
      concurrency: 128,
    }
  }

  /** Compares what was reported with what the peer's journal counts, once the peer is done with everything. */
  async #judged(config: SoakConfig, send: () => Promise<SoakEnd>): Promise<SoakResult> {
    const startMs = performance.now()
    const end = await send()
    const faultsDone = await this.peer.idle()
    const reports = readReports(config.reportsPath)
    const planned = Array.from({ length: config.intents }, (_, at) => soakIntent(config, at))
    const all = this.peer.effects()
    const effects = new Map(planned.map(({ id }) => [id, all.get(id) ?? 0] as const))
    return {
      violations: soakViolations(reports, effects, planned),
      outcomes: countOutcomes(reports.values()),
      effects: [...effects.values()].reduce((sum, count) => sum + count, 0),
      faults: faultsDone,
      reportedBefore: 0,
      end,
      tookMs: performance.now() - startMs,
    }
  }
}

function readReports(path: string): ReadonlyMap<string, SoakReport> {
  return new Map(readJournal<SoakReport>(path).map((report) => [report.id, report] as const))
}

/** What the sender that was killed had told its callers must be what the next one tells them. */
function unlike(before: readonly SoakReport[], after: ReadonlyMap<string, SoakReport>): string[] {
  return before.flatMap(({ id, outcome, effectId }) => {
    const now = after.get(id)
    if (outcome !== 'done' || (now?.outcome === 'done' && now.effectId === effectId)) return []
    return [
      `${id}: was reported done (${effectId}), and is ${now?.outcome} (${now?.effectId}) for the next sender`,
    ]
  })
}

/** Runs a sender until it has reported so many as done, and kills it. */
async function killed(config: SoakConfig, done: number): Promise<readonly SoakReport[]> {
  const reportsPath = `${config.reportsPath}.first`
  const child = start({ ...config, reportsPath })
  const ended = once(child, 'close')
  while (child.exitCode === null && doneOf(reportsPath) < done) await sleep(20)
  child.kill('SIGKILL')
  await ended
  return readJournal<SoakReport>(reportsPath)
}

/** Counted, not parsed: it is asked often. */
function doneOf(path: string): number {
  return existsSync(path) ? readFileSync(path, 'latin1').split('"outcome":"done"').length - 1 : 0
}

async function finished(config: SoakConfig): Promise<SoakEnd> {
  const child = start(config)
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code !== 0) throw new Error(`the sender ended with ${signal ?? `exit code ${code}`}`)
  return JSON.parse(said) as SoakEnd
}

function start(config: SoakConfig): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', program, JSON.stringify(config)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
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
