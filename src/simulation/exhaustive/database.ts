import { birthEpoch, type Entry } from '../../ledger/entry.ts'
import type { ClaimRequest, ClaimResult, ResolveRequest, SettleRequest } from '../../ledger/store.ts'
import type { World } from './production.ts'
import { report, type State } from './state.ts'

/*
 * The database: one row, changed by the production transitions alone. Whatever they write is checked here.
 */

/** Who writes, by which method, and whether the standby has it before anybody is told. */
export interface Write {
  readonly by: number
  readonly method: 'claim' | 'settle' | 'resolve' | 'renew' | 'recall' | 'transaction'
  readonly isDurable: boolean
}

const terminal: readonly string[] = ['succeeded', 'failed']

/** Puts a changed row in place, and checks the change. */
export function put(
  world: World,
  state: State,
  { after, ...write }: Write & { readonly after: Entry | undefined },
): void {
  const { row: before } = state
  if (after === before) return
  check(state, before, { after, ...write })
  state.row = after
  if (after?.state === 'succeeded') state.isRecorded = true
  if (state.budget.failovers === 0) return
  if (world.options.replication === 'async') state.dirty |= 1 << write.by
  else if (write.isDurable) replicate(state)
}

/** The standby has all that there is. */
export function replicate(state: State): void {
  state.standby = state.row
  state.standbyEffects = state.effects
  state.dirty = 0
  state.isOrphaned = false
}

function check(
  state: State,
  before: Entry | undefined,
  write: Write & { readonly after: Entry | undefined },
): void {
  const { after, method } = write
  if (after === undefined) return report(state, 'I7', 'the row was deleted')
  if (before !== undefined) {
    if (fenceOf(after) < fenceOf(before)) report(state, 'I4', 'the fence of the row fell')
    if (after.fingerprint !== before.fingerprint) report(state, 'I6', 'the row was given another fingerprint')
    if (terminal.includes(before.state)) endIsFinal(state, before, write)
    if (before.state === 'in_doubt' && after.state !== 'in_doubt') {
      if (method === 'claim') report(state, 'I5', 'what was in doubt was taken up again')
      if (method === 'resolve' && after.resolution === undefined)
        report(state, 'I7', 'a doubt ended without evidence')
    }
  }
  if (after.state === 'in_doubt' && before?.state !== 'in_doubt' && !state.hasCause && method !== 'recall')
    report(state, 'I8', 'in doubt, although nothing went wrong')
}

function endIsFinal(
  state: State,
  before: Entry,
  { after, method }: Write & { readonly after: Entry | undefined },
): void {
  if (after?.state === before.state && after.value?.[0] === before.value?.[0]) return
  // Two histories met, each with an attempt of its own (DESIGN.md section 5): said to be in doubt, and counted. Of a
  // keyed entry a lost takeover may be recalled over the end of the attempt before it: it sends the same key.
  const isConflict =
    method === 'recall' &&
    ((before.safety === 'verifiable' && after?.state === 'in_doubt') ||
      (before.safety === 'keyed' && after?.state === 'started'))
  if (isConflict) state.residual ??= 'recall-conflict'
  else report(state, 'I7', `what had ${before.state} became ${after?.state ?? 'absent'}`)
}

function fenceOf({ epoch, attempt }: Entry): number {
  return epoch * 1_000 + attempt
}

/** Works a claim. What was decided upon in another epoch is not even sent. */
export function workClaim(
  world: World,
  state: State,
  { request, ...write }: Work<ClaimRequest>,
): ClaimResult {
  if (request.decidedIn !== state.epoch) return { kind: 'gone' }
  const result = world.production.claimRow(state.row, request, state)
  if (result.kind !== 'claimed') return result
  const { entry } = result
  const fence = fenceOf(entry)
  const isOwnAgain = request.expect?.raisesAttempt === false
  if (fence < state.topFence || (fence === state.topFence && !isOwnAgain))
    report(
      state,
      'I4',
      `a claim got the fence (${entry.epoch}, ${entry.attempt}), which is not above the last one`,
    )
  state.topFence = Math.max(fence, state.topFence)
  put(world, state, { ...write, method: 'claim', after: entry })
  return result
}

type Work<R> = Omit<Write, 'method'> & { readonly request: R }

/** Works an owner's write. */
export function workSettle(
  world: World,
  state: State,
  {
    request,
    method = 'settle',
    ...write
  }: Work<SettleRequest> & { readonly method?: 'settle' | 'transaction' },
): ReturnType<typeof world.production.settleRow> {
  const before = state.row
  const result = world.production.settleRow(before, request, state)
  if (result.kind === 'settled') {
    if (before?.owner !== request.owner)
      report(state, 'I4', 'an outcome was written to an attempt of another owner')
    // As durable as what is written, not only the change.
    if (result.entry === before && write.isDurable) replicate(state)
    put(world, state, { ...write, method, after: result.entry })
  } else if (isOpenTo(before, request)) {
    report(state, 'I8', 'an owner that nobody had followed could not record its outcome')
  }
  return result
}

/** Rule 3: nobody has followed, so that this outcome settles. */
function isOpenTo(row: Entry | undefined, request: SettleRequest): boolean {
  const { owner, attempt, ownerWrite, to, recognisesOnly } = request
  if (row === undefined || recognisesOnly === true) return false
  const isLettingGo = to === 'claimed' || to === 'started'
  const isUnsettled = row.state === 'started' || (row.state === 'in_doubt' && !isLettingGo)
  return row.owner === owner && row.attempt === attempt && ownerWrite > row.ownerWrite && isUnsettled
}

/** Works a write of somebody who is not the owner. */
export function workResolve(
  world: World,
  state: State,
  { request, ...write }: Work<ResolveRequest>,
): ReturnType<typeof world.production.resolveRow> {
  const result = world.production.resolveRow(state.row, request, state)
  if (result.kind === 'resolved') put(world, state, { ...write, method: 'resolve', after: result.entry })
  return result
}

/** What a living worker asserts in a new epoch, before it writes anything else. */
export function workRecall(world: World, state: State, by: number): string {
  const worker = state.workers[by]
  const entry = worker?.running ?? worker?.ended
  if (entry === undefined) return 'nothing'
  const { kind, entry: after } = world.production.recallRow(state.row, { entry }, state)
  if (kind === 'kept') return kind
  const { row } = state
  const isAnother = row !== undefined && (row.owner !== entry.owner || row.attempt !== entry.attempt)
  if (kind === 'conflict' || isAnother) state.hasConflict = true
  put(world, state, { by, method: 'recall', isDurable: true, after })
  if (birthEpoch(after) === state.epoch) state.topFence = Math.max(state.topFence, fenceOf(after))
  return kind
}
