import type { EffectCounts } from './count.ts'
import type { Faults, HalfOutcome } from './half.ts'
import { type ByEffect, effectKinds, forEachEffect } from './schedule.ts'

interface HalfReport {
  readonly faults: Faults
  /** The peers' journals, absolute paths: provider, partner, mail sink. One row for each effect. */
  readonly journals: readonly string[]
  /** Sums over the three effects. */
  readonly duplicated: number
  readonly lost: number
  readonly effects: number
  /** Orders that a client got a yes for. */
  readonly accepted: number
  /** The clients' own journal: each try and how it ended. */
  readonly clientJournal: string
}

interface GuardedEffectCounts extends EffectCounts {
  readonly inDoubt: number
  readonly settledByAsking: number
}

/** What `onceward demo --json` prints. The shape is fixed; fields may be added. */
export interface DemoReport {
  readonly seed: number
  readonly store: string
  readonly scope: string
  readonly orders: number
  readonly workers: number
  readonly folder: string
  readonly schedule: string
  readonly unguarded: HalfReport & { readonly byEffect: ByEffect<EffectCounts> }
  readonly guarded: HalfReport & {
    readonly inDoubt: number
    readonly settledByAsking: number
    readonly replayed: number
    /** Entries that are neither ended nor in doubt: 0, or something is wrong. */
    readonly open: number
    readonly byEffect: ByEffect<GuardedEffectCounts>
  }
  readonly durationMs: number
}

export interface ReportInput
  extends Pick<
    DemoReport,
    'seed' | 'store' | 'scope' | 'orders' | 'workers' | 'folder' | 'schedule' | 'durationMs'
  > {
  readonly unguarded: HalfOutcome
  readonly guarded: HalfOutcome
}

export function makeReport(input: ReportInput): DemoReport {
  const { unguarded, guarded, durationMs, ...about } = input
  const byEffect = forEachEffect((kind) => {
    const inDoubt = guarded.doubts.filter((doubt) => doubt.operation === kind).length
    return { ...guarded.byEffect[kind], inDoubt, settledByAsking: guarded.asked[kind] }
  })
  return {
    ...about,
    unguarded: { ...halfReport(unguarded), byEffect: unguarded.byEffect },
    guarded: {
      ...halfReport(guarded),
      inDoubt: guarded.doubts.length,
      settledByAsking: effectKinds.reduce((sum, kind) => sum + guarded.asked[kind], 0),
      replayed: guarded.replayed,
      open: guarded.open,
      byEffect,
    },
    durationMs,
  }
}

function halfReport(outcome: HalfOutcome): HalfReport {
  const sum = (name: keyof EffectCounts): number =>
    effectKinds.reduce((total, kind) => total + outcome.byEffect[kind][name], 0)
  return {
    faults: outcome.faults,
    journals: effectKinds.map((kind) => outcome.journals[kind]),
    duplicated: sum('duplicated'),
    lost: sum('lost'),
    effects: sum('effects'),
    accepted: outcome.accepted,
    clientJournal: outcome.clientJournal,
  }
}

/** 1 where the guarded half has not kept its word: something happened twice, got lost, was not taken or did not end. */
export function exitCodeOf({ guarded, orders }: DemoReport): number {
  const isClean = guarded.duplicated === 0 && guarded.lost === 0 && guarded.open === 0
  return isClean && guarded.accepted === orders ? 0 : 1
}
