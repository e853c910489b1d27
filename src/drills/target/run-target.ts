import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { count, members } from '../../kernel/check.ts'
import { messageOf, optionInvalid } from '../../kernel/errors.ts'
import { openJournal } from '../../testing/journal.ts'
import { seededRandom, seededShare } from '../../testing/random.ts'
import { recount } from '../evidence.ts'
import type { DrillResult, DrillVerdict } from '../report.ts'
import { TargetBench, type Told } from './bench.ts'
import { type OnEnd, untilAborted } from '../until-aborted.ts'
import type { DrillTarget } from './target.ts'
import type { TargetDrill } from './target-drills.ts'

export interface RunTargetOptions {
  readonly target: DrillTarget
  /** For reports. */
  readonly name: string
  readonly folder: string
  readonly seed: number
  readonly signal?: AbortSignal
  readonly say?: (text: string) => void
}

type Violations = NonNullable<DrillResult['violations']>

/** Puts the service through one drill, with fresh instances. Rejects only when it is aborted. */
export async function runTargetDrill(drill: TargetDrill, options: RunTargetOptions): Promise<DrillResult> {
  const { target, folder, signal } = options
  const beganAtMs = performance.now()
  mkdirSync(folder, { recursive: true })
  const about = { id: drill.id, store: options.name, evidence: folder }
  const tookMs = (): number => Math.round(performance.now() - beganAtMs)
  try {
    const { checks, violations, faults } = await untilAborted(signal, (onEnd) => {
      const bench = new TargetBench({ target, folder })
      onEnd(() => bench.close())
      return hold(drill, bench, { ...options, onEnd })
    })
    const held = Object.values(checks).every((verdict) => verdict === 'held')
    const trouble = violations.length === 0 ? {} : { violations }
    const counts = recount(folder)
    return { ...about, held, invariants: checks, ...counts, faults, ...trouble, durationMs: tookMs() }
  } catch (error) {
    if (signal?.aborted === true) throw error
    const invariants = { I1: 'not-reached', I2: 'not-reached', L1: 'not-reached' } as const
    const failed = { held: false, invariants, faults: 0, error: messageOf(error) }
    return { ...about, ...failed, ...recount(folder), durationMs: tookMs() }
  }
}

interface Held {
  readonly checks: Readonly<Record<string, DrillVerdict>>
  readonly violations: Violations
  readonly faults: number
}

async function hold(
  drill: TargetDrill,
  bench: TargetBench,
  options: RunTargetOptions & { readonly onEnd: OnEnd },
): Promise<Held> {
  const { seed, folder, say = () => undefined, onEnd } = options
  await bench.open()
  const { keys, faults } = await drill.run({
    bench,
    random: seededRandom(Math.floor(seededShare(seed, drill.id) * 2 ** 32)),
    say,
    plan: (plan) =>
      writeFileSync(
        join(folder, 'plan.json'),
        `${JSON.stringify({ drill: drill.id, seed, ...plan }, null, 2)}\n`,
      ),
    onEnd,
  })
  say('nothing is wrong any more: clients send again')
  await Promise.all(keys.map((key) => bench.insist(key, bench.leaseMs * 6)))
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, await bench.target.countEffects(key))
  writeTargetEvidence(folder, bench.told, counts)
  const violations = keys.flatMap((key) => violationsOf(key, bench.told.get(key) ?? [], counts.get(key) ?? 0))
  const effects = [...counts.values()].reduce((sum, each) => sum + each, 0)
  const acknowledged = [...bench.told.values()].flat().some(({ answer }) => answer === 'ok')
  const swapped = [...bench.told.values()].flat().some(({ variant }) => variant === 1)
  const reached = { I1: effects > 0, I2: acknowledged, ...(swapped ? { I6: true } : {}), L1: true }
  const checks = Object.entries(reached).map(([check, isReached]): [string, DrillVerdict] => {
    if (violations.some((violation) => violation.check === check)) return [check, 'broken']
    return [check, isReached && faults > 0 ? 'held' : 'not-reached']
  })
  return { checks: Object.fromEntries(checks), violations, faults }
}

function violationsOf(key: string, told: readonly Told[], effects: number): Violations {
  const own = told.filter(({ variant }) => variant === 0).map(({ answer }) => answer)
  const isOk = own.includes('ok')
  const swapped = told.filter(({ variant, answer }) => variant === 1 && answer === 'ok')
  return [
    ...(effects > 1 ? [{ check: 'I1', key, what: `it happened ${effects} times` } as const] : []),
    ...(isOk && effects === 0
      ? [{ check: 'I2', key, what: 'acknowledged, but it never happened' } as const]
      : []),
    ...(swapped.length > 0
      ? [{ check: 'I6', key, what: 'another body under the key was answered with ok' } as const]
      : []),
    ...(own.at(-1) === 'unknown'
      ? [{ check: 'L1', key, what: `after ${own.length} tries nobody can say what became of it` } as const]
      : []),
  ]
}

const states = { ok: 'succeeded', 'in-doubt': 'in_doubt', refused: 'failed', unknown: 'started' } as const

/** The same files as of other drills; the ledger is not known, so ledger.jsonl says what clients know in the end. */
function writeTargetEvidence(
  folder: string,
  told: ReadonlyMap<string, readonly Told[]>,
  counts: ReadonlyMap<string, number>,
): void {
  const peer = openJournal(join(folder, 'peer.jsonl'))
  for (const [key, effects] of counts)
    for (let n = 1; n <= effects; n += 1) peer.append({ key, effectId: `${key}#${n}` })
  peer.close()
  const ledger = openJournal(join(folder, 'ledger.jsonl'))
  const events = openJournal(join(folder, 'events.jsonl'))
  for (const [key, answers] of told) {
    for (const { at, answer, variant } of answers) {
      events.append({ at, type: 'answered', key, answer, variant })
      if (answer === 'ok' && variant === 0) events.append({ at, type: 'acknowledged', key, ref: key })
    }
    const own = answers.filter(({ variant }) => variant === 0).map(({ answer }) => answer)
    const last = own.includes('ok') ? 'ok' : (own.at(-1) ?? 'unknown')
    ledger.append({ moment: 'at-the-end', ref: key, key, state: states[last] })
  }
  events.close()
  ledger.close()
}

/** Checks what a module of the user's own exports. Throws `OPTION_INVALID`. */
export function parseTarget(given: unknown): DrillTarget {
  const target = members(given as DrillTarget, 'target')
  for (const name of ['start', 'send', 'countEffects'] as const) {
    if (typeof target[name] !== 'function') throw optionInvalid(`target.${name}`, 'a function', target[name])
  }
  count(target.instances ?? 2, 'target.instances', { min: 2, max: 8 })
  count(target.leaseMs ?? 1, 'target.leaseMs', { min: 1, max: 600_000 })
  return target
}
