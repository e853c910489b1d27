import type { Entry } from '../../ledger/entry.ts'
import { mayBeTakenOver } from '../../ledger/recall-rules.ts'
import type { SettleRequest } from '../../ledger/store.ts'
import { put, workClaim, workResolve, workSettle } from './database.ts'
import { abandon } from './faults.ts'
import {
  type At,
  afresh,
  conclude,
  consider,
  forget,
  giveBack,
  look,
  own,
  resolving,
  sendClaim,
  settling,
  tell,
  told,
  workerOf,
  wrote,
  beginInTime,
} from './guard.ts'
import type { World } from './production.ts'
import { type Event, isYoung, type Phase, setPhase, setWorker, spend, type State } from './state.ts'
import { answerOf, isUnderWay } from './target.ts'

type In<K extends Phase['at']> = Phase & { readonly at: K }

/** Collects what may happen to one worker. */
class Collector {
  readonly events: Event[] = []
  readonly #world: World
  readonly #from: State
  readonly #by: number

  constructor(world: World, from: State, by: number) {
    this.#world = world
    this.#from = from
    this.#by = by
  }

  get canLose(): boolean {
    return this.#from.budget.losses > 0
  }

  get isSync(): boolean {
    return this.#world.options.replication === 'sync' && this.#from.budget.failovers > 0
  }

  on(label: string, change: (at: At) => string | void): void {
    const state = { ...this.#from, residual: undefined }
    const what = change({ world: this.#world, state, by: this.#by })
    this.events.push({
      label: `w${this.#by + 1} ${label}${typeof what === 'string' ? `: ${what}` : ''}`,
      state,
    })
  }

  /** A write whose answer is lost; with a synchronous standby also one that can be seen, and is not durable yet. */
  losing(label: string, change: (at: At & { readonly isDurable: boolean }) => string | void): void {
    if (!this.canLose) return
    this.on(`${label}, and the answer is lost`, (at) => {
      spend(at.state, 'losses')
      return change({ ...at, isDurable: true })
    })
    if (!this.isSync) return
    this.on(`${label}, not durable yet, and no answer comes`, (at) => {
      spend(at.state, 'losses')
      return change({ ...at, isDurable: false })
    })
  }
}

/** What may happen to a worker, by where it is in the guard. */
export function phaseEvents(world: World, from: State, by: number): Event[] {
  const worker = from.workers[by]
  if (worker === undefined) return []
  const { phase } = worker
  const collector = new Collector(world, from, by)
  // Under another lineage the database writes nothing.
  const canWrite = worker.epoch === from.epoch
  if (phase.at === 'claim') inClaim(collector, phase, canWrite)
  if (phase.at === 'poll') collector.on('looks', (at) => look(at))
  if (phase.at === 'ask') inAsk(collector, phase)
  if (phase.at === 'run') inRun(collector, phase, { world, state: from, by })
  if (!canWrite) return collector.events
  if (phase.at === 'resolve') inResolve(collector, phase)
  if (phase.at === 'regain') inRegain(collector, phase)
  if (phase.at === 'settle') inSettle(collector, phase, { world, state: from, by })
  if (phase.at === 'commit-lost') inCommitLost(collector, phase)
  return collector.events
}

function inClaim(collector: Collector, phase: In<'claim'>, canWrite: boolean): void {
  const { request, worked } = phase
  if (worked !== undefined)
    return collector.on(`hears: ${worked.result.kind}`, (at) => hearClaim(at, phase, worked))
  if (!canWrite) return
  collector.on('claims', (at) => {
    const result = workClaim(at.world, at.state, { by: at.by, isDurable: true, request })
    setPhase(at.state, at.by, { ...phase, worked: { result, nowMs: at.state.nowMs } })
    return result.kind
  })
  collector.losing(
    'claims',
    ({ isDurable, ...at }) => workClaim(at.world, at.state, { by: at.by, isDurable, request }).kind,
  )
  if (!collector.canLose) return
  collector.on('gives its claim up, which may still arrive', ({ state, by }) => {
    spend(state, 'losses')
    abandon(state, by)
    tell({ state, by } as At, 'unknown')
  })
}

function hearClaim(at: At, phase: In<'claim'>, { result, nowMs }: NonNullable<In<'claim'>['worked']>): void {
  if (result.kind === 'gone') return afresh(at)
  if (result.kind === 'held') return consider(at, result.entry, nowMs)
  const isLostOne = isYoung(at.state, workerOf(at)) && result.entry.safety === 'keyed'
  setWorker(at.state, at.by, { running: result.entry })
  // Rule 2 in a young epoch, as `heedLost` in recalling.ts.
  const entry: Entry = isLostOne ? { ...result.entry, earlierUnknown: true } : result.entry
  if (!phase.isKnown) return own(at, entry, phase.sinceMs)
  const effect = answerOf(at.state, at.world.production.rules.effectKey(entry))
  setPhase(at.state, at.by, {
    at: 'resolve',
    request: resolving(entry, 'succeeded', effect ?? 0),
    next: 'ok',
  })
}

function inAsk(collector: Collector, phase: In<'ask'>): void {
  const { entry, first } = phase
  collector.on('asks the target', (at) => {
    const { rules } = at.world.production
    const effect = answerOf(
      at.state,
      rules.effectKey({ scope: '', operation: 'o', key: 'k', round: 0, ...entry }),
    )
    if (first !== undefined) afterAskingFirst(at, { ...phase, first }, effect !== undefined)
    else if (entry !== undefined) afterAsking(at, { ...phase, entry }, effect)
    return effect === undefined ? 'no' : 'yes'
  })
  if (!collector.canLose) return
  collector.on('asks the target, which cannot tell', (at) => {
    spend(at.state, 'losses')
    if (first !== undefined || entry === undefined) setPhase(at.state, at.by, { at: 'poll' })
    else if (entry.state === 'in_doubt') tell(at, 'doubt')
    else setPhase(at.state, at.by, { at: 'resolve', request: resolving(entry, 'in_doubt'), next: 'doubt' })
  })
}

type Asked = Omit<In<'ask'>, 'entry' | 'first'>

function afterAskingFirst(
  at: At,
  { entry, first, epoch }: Asked & Required<Pick<In<'ask'>, 'entry' | 'first'>>,
  hasHappened: boolean,
): void {
  const { takeover, believesNo } = first
  if (hasHappened || believesNo) sendClaim(at, { entry, takeover, isKnown: hasHappened, epoch })
  else setPhase(at.state, at.by, { at: 'poll' })
}

function afterAsking(
  at: At,
  { entry, epoch }: Asked & { readonly entry: Entry },
  effect: number | undefined,
): void {
  const resolve = (request: In<'resolve'>['request'], next: In<'resolve'>['next']): void =>
    setPhase(at.state, at.by, { at: 'resolve', request, next })
  if (effect !== undefined) return resolve(resolving(entry, 'succeeded', effect), 'ok')
  if (entry.state === 'in_doubt') return resolve(resolving(entry, 'released'), 'afresh')
  const { round } = entry
  const takeover = { raisesAttempt: true, round, earlierUnknown: false, keepsFirstSend: false }
  sendClaim(at, { entry, takeover, epoch })
}

function inResolve(collector: Collector, { request, next }: In<'resolve'>): void {
  const work = (at: At, isDurable: boolean): ReturnType<typeof workResolve> =>
    workResolve(at.world, at.state, { by: at.by, isDurable, request })
  collector.on(`writes ${request.to}`, (at) => {
    const result = work(at, true)
    if (result.kind === 'resolved') wrote(at, result.entry, true)
    if (result.kind === 'stale' || next === 'afresh') afresh(at)
    else if (next === 'ok') told(at, result.entry, true)
    else tell(at, 'doubt')
    return result.kind
  })
  collector.losing(`writes ${request.to}`, ({ isDurable, ...at }) => work(at, isDurable).kind)
}

/** One renewal, or nothing begins. */
function inRegain(collector: Collector, { entry, epoch }: In<'regain'>): void {
  collector.on('renews its lapsed lease', (at) => {
    const { state } = at
    const { ref, owner, attempt } = entry
    const { result, entry: renewed } = at.world.production.renewRow(
      state.row,
      { ref, owner, attempt, leaseMs: entry.leaseMs },
      state,
    )
    if (renewed !== undefined)
      put(at.world, state, { by: at.by, method: 'renew', isDurable: true, after: renewed })
    // What has been lost may be a takeover: only a lease without a gap says that there was none.
    const isRegained = result.kind === 'renewed' && epoch === state.epoch
    if (isRegained) beginInTime(at, entry, state.nowMs)
    else giveBack(at, entry)
    return isRegained ? 'renewed' : 'lost'
  })
  if (collector.canLose)
    collector.on('cannot renew its lapsed lease', (at) => {
      spend(at.state, 'losses')
      giveBack(at, entry)
    })
}

function inRun(collector: Collector, phase: In<'run'>, { world, state: from, by }: At): void {
  const { entry, sinceMs } = phase
  if (world.options.safety === 'transactional')
    inTransaction(collector, entry, from.workers[by]?.epoch === from.epoch)
  else if (!isUnderWay(from, by))
    collector.on('hears nothing of its request', (at) => conclude(at, entry, { kind: 'unknown' }))
  else if (collector.canLose)
    collector.on('waits for its request no longer', (at) => {
      spend(at.state, 'losses')
      conclude(at, entry, { kind: 'unknown' })
    })
  const mayRenew = from.nowMs > sinceMs && from.workers[by]?.epoch === from.epoch
  if (mayRenew) collector.on('renews its lease', (at) => renewRunning(at, phase))
}

function renewRunning(at: At, phase: In<'run'>): string {
  const { state } = at
  const { ref, owner, attempt, leaseMs } = phase.entry
  const { result, entry } = at.world.production.renewRow(state.row, { ref, owner, attempt, leaseMs }, state)
  if (entry !== undefined) put(at.world, state, { by: at.by, method: 'renew', isDurable: true, after: entry })
  if (result.kind === 'lost') forget(at, owner)
  const { running } = workerOf(at)
  // A lease that had lapsed when the epoch began stays lapsed.
  if (result.kind === 'renewed' && running?.owner === owner && !mayBeTakenOver(running, state))
    setWorker(state, at.by, { running: { ...running, leaseUntilMs: result.leaseUntilMs } })
  setPhase(state, at.by, { ...phase, sinceMs: state.nowMs })
  return result.kind
}

/** The user's rows and the entry's end in one COMMIT, or neither. */
function inTransaction(collector: Collector, entry: Entry, canWrite: boolean): void {
  const sent = (effect: number): ReturnType<typeof settling> =>
    settling(
      entry,
      { to: 'succeeded', round: entry.round, earlierUnknown: false, endsLease: false },
      { ownerWrite: 1, value: Uint8Array.of(effect) },
    )
  const commit = (at: At, isDurable: boolean): ReturnType<typeof workSettle> => {
    const { state } = at
    const { effects } = state
    state.effects += 1
    const result = workSettle(at.world, state, {
      by: at.by,
      isDurable,
      request: sent(state.effects),
      method: 'transaction',
    })
    if (result.kind === 'stale') state.effects = effects
    else if (state.effects > 1) state.breach ??= { invariant: 'I1', what: 'the rows were written twice' }
    return result
  }
  if (canWrite) {
    collector.on('commits', (at) => {
      const result = commit(at, true)
      forget(at, entry.owner)
      if (result.kind === 'settled') told(at, result.entry, true)
      else tell(at, 'unknown')
      return result.kind
    })
    collector.losing('commits', ({ isDurable, ...at }) => {
      const { effects } = at.state
      const { kind } = commit(at, isDurable)
      setPhase(at.state, at.by, { at: 'commit-lost', entry, sent: sent(effects + 1), isRecognising: false })
      return kind
    })
  }
  if (collector.canLose)
    collector.on('rolls back, and does not know why', (at) => {
      spend(at.state, 'losses')
      conclude(at, entry, { kind: 'unknown' })
    })
}

/** Gives the entry back; where that does not go through, looks for its own record, by a write (transaction.ts). */
function inCommitLost(collector: Collector, phase: In<'commit-lost'>): void {
  const { entry, sent, isRecognising } = phase
  if (isRecognising)
    return collector.on('looks for its own record', (at) => {
      const request = { ...sent, recognisesOnly: true }
      const result = workSettle(at.world, at.state, { by: at.by, isDurable: true, request })
      if (result.kind === 'stale') return setPhase(at.state, at.by, { ...phase, isRecognising: false })
      wrote(at, result.entry, false)
      return told(at, result.entry, true)
    })
  collector.on('gives back what may not have been committed', (at) => {
    const error = { code: 'NOT_COMMITTED', message: '' }
    const settlement = {
      to: 'released',
      round: entry.round,
      earlierUnknown: false,
      endsLease: true,
      error,
    } as const
    const request = settling(entry, settlement, { ownerWrite: 2 })
    const result = workSettle(at.world, at.state, { by: at.by, isDurable: true, request })
    if (result.kind === 'stale') return setPhase(at.state, at.by, { ...phase, isRecognising: true })
    wrote(at, result.entry, true)
    return tell(at, 'unknown')
  })
}

function inSettle(collector: Collector, phase: In<'settle'>, now: At): void {
  const { entry, isGivingBack } = phase
  const request = restated(now, phase.request)
  collector.on(`writes ${isGivingBack ? 'that nothing began' : request.to}`, (at) => {
    const worked = workSettle(at.world, at.state, { by: at.by, isDurable: true, request })
    const result = at.world.production.believed(worked, { ...entry, state: request.to, value: request.value })
    if (result.kind === 'settled') wrote(at, result.entry, request.endsLease)
    else forget(at, request.owner)
    if (isGivingBack) afresh(at)
    else if (result.kind === 'stale') tell(at, 'unknown')
    else answer(at, result.entry)
    return worked.kind
  })
  collector.losing(
    `writes ${request.to}`,
    ({ isDurable, ...at }) => workSettle(at.world, at.state, { by: at.by, isDurable, request }).kind,
  )
}

/** What was decided upon in another epoch, as it is sent in this one (recalling.ts). */
function restated({ world, state, by }: At, request: SettleRequest): SettleRequest {
  const running = state.workers[by]?.running
  return running?.owner === request.owner ? world.production.recall.restate(request, running, state) : request
}

function answer(at: At, entry: Entry): void {
  if (entry.state === 'succeeded') told(at, entry, true)
  else if (entry.state === 'failed') tell(at, 'failed')
  else tell(at, entry.state === 'in_doubt' ? 'doubt' : 'unknown')
}
