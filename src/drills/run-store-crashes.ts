import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { moduleStoreUrl } from '../stores/open.ts'
import type { TestRunner } from '../testing/index.ts'
import { crashEachAwait, type CrashReport } from './crash-each-await.ts'
import { openStage } from './stage.ts'
import { type WorkloadId, workloadIds } from './workloads.ts'

/** A store of your own, as processes can open it by themselves. */
export interface StoreUnderCrashes {
  /** For the suite's title. */
  readonly name: string
  /** The file that exports `openStore(place: string): Store`. */
  readonly module: URL
  /** Makes an empty place: a folder, a database. Called once per kind of work. */
  create(): CrashPlace | Promise<CrashPlace>
  /** Crash at every n-th await only, from another one each time. Default 1: at each. */
  readonly every?: number
}

export interface CrashPlace {
  /** What `openStore` is given, in each process. */
  readonly place: string
  /** Removes it. Called after every process has ended. */
  destroy?(): void | Promise<void>
}

/** Rows of the caller's own cannot be counted in a database that is not known. */
const workloads = workloadIds.filter((id) => id !== 'transactional')

/**
 * Registers a test for each kind of work: one guarded operation, run in a process of its own for each of its awaits,
 * which dies there by SIGKILL, and in some that die inside of the effect. What they leave is recovered by others. Then
 * the invariants are checked: effects are counted at the target, and the answers that callers got are compared.
 *
 * Each crash is a process: give tests a minute or two.
 */
export function runStoreCrashes(runner: TestRunner, subject: StoreUnderCrashes): void {
  runner.describe(`store crashes: ${subject.name}`, () => {
    for (const workload of workloads) {
      runner.it(`a process killed at any await of a ${workload} operation breaks no invariant`, async () => {
        mustHold(await crashesOf(subject, workload))
      })
    }
  })
}

async function crashesOf(subject: StoreUnderCrashes, workload: WorkloadId): Promise<CrashReport> {
  const at = await subject.create()
  const folder = mkdtempSync(join(tmpdir(), 'onceward-crashes-'))
  try {
    const stage = await openStage({ storeUrl: moduleStoreUrl(subject.module, at.place), folder })
    try {
      const every = subject.every ?? 1
      const offset = 1 + Math.floor(Math.random() * every)
      return await crashEachAwait({ stage, workload, every, offset, everyInEffect: every > 1 ? 2 : 1 })
    } finally {
      await stage.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await at.destroy?.()
  }
}

function mustHold({ violations, crashes }: CrashReport): void {
  if (crashes === 0) throw new Error('No process was killed at an await: nothing has been shown.')
  const [first] = violations
  if (first === undefined) return
  const others = violations.length === 1 ? '' : ` (and ${violations.length - 1} more)`
  throw new Error(`${first.invariant} is broken for ${first.key}: ${first.what}${others}`)
}
