import { setTimeout as sleep } from 'node:timers/promises'
import type { Onceward } from '../ledger/onceward.ts'
import type { DoubtReceipt } from '../ledger/receipt.ts'
import { type ByEffect, forEachEffect } from './schedule.ts'

const pauseMs = 200
const pageSize = 500

/** What is left open when the clients are gone: lapsed leases are settled by sweeps, the rest is for a person. */
export interface Recovery {
  readonly doubts: readonly DoubtReceipt[]
  /** Entries that are still owned or started: 0 unless the time was up. */
  readonly open: number
}

export async function recover(once: Onceward, withinMs: number): Promise<Recovery> {
  const untilMs = performance.now() + withinMs
  for (;;) {
    await once.sweep()
    const { entries } = await once.entries({ state: ['claimed', 'started'], limit: pageSize })
    if (entries.length === 0 || performance.now() > untilMs) {
      return { doubts: await allDoubts(once), open: entries.length }
    }
    await sleep(pauseMs)
  }
}

async function allDoubts(once: Onceward): Promise<readonly DoubtReceipt[]> {
  const found: DoubtReceipt[] = []
  let cursor: string | undefined
  do {
    const page = await once.doubts.list({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    found.push(...page.doubts)
    cursor = page.next
  } while (cursor !== undefined)
  return found
}

/** The orders in doubt, by effect. The second part of each key is the order. */
export function ordersInDoubt(doubts: readonly DoubtReceipt[]): ByEffect<ReadonlySet<string>> {
  return forEachEffect((kind) => {
    const ofKind = doubts.filter((doubt) => doubt.operation === kind)
    return new Set(ofKind.map((doubt) => doubt.key[1] ?? ''))
  })
}
