import { boolean, count, label, members, milliseconds, oneOf, optionalFunction } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import type { Runtime } from '../kernel/runtime.ts'
import type { OperationOptions } from './onceward.ts'
import { parseSafety, type ParsedSafety } from './safety.ts'
import type { Store } from './store.ts'

/** Turns kept results into what the store sees, and back: encryption. `seal` runs after redaction. */
export interface Sealer {
  seal(plain: Uint8Array, context: string): Uint8Array
  open(sealed: Uint8Array, context: string): Uint8Array
}

export interface OncewardOptions {
  readonly store: Store
  /** Separates applications on one store. Default `default`. At most 100 bytes. */
  readonly scope?: string
  readonly operations?: Readonly<Record<string, OperationOptions>>
  /** What to do with a key that holds an instant. Default `refuse`. */
  readonly keyLint?: 'refuse' | 'warn' | 'off'
  /** Changes a result before it is kept. The first caller still gets the whole value; replays get the redacted one. */
  readonly redact?: (value: unknown, about: { readonly operation: string; readonly step?: string }) => unknown
  /** Encrypts kept results: `keyRing({ current, keys })` of `onceward/seal`. */
  readonly seal?: Sealer
  /** Default 262,144 bytes for input, and as much for all that is kept of an entry's results. */
  readonly maxInputBytes?: number
  readonly maxResultBytes?: number
  /** Longest time a lease is renewed for one attempt. Default 3,600,000 ms. */
  readonly maxRunMs?: number
  /** How long a call waits for the store before `STORE_UNAVAILABLE`. Default 10,000 ms; outcomes are tried three times as long. */
  readonly storeTimeoutMs?: number
  /** How many calls may wait for one running entry in this process. Default 1,000. */
  readonly maxWaiters?: number
  /** How long tombstones are kept. Default for ever; a finite number means that a key runs as new afterwards. */
  readonly tombstoneMs?: number
  /**
   * On a store that can lose what it acknowledged (PostgreSQL): how far back, from the store's last answer, outcomes are
   * remembered and asserted again in a new epoch. Default 60,000 ms.
   */
  readonly recallMs?: number
  /**
   * How long in a new epoch blind work waits for others to have done so. Default 60,000 ms, at least 10,000: longer than
   * any worker needs to reach the new server.
   */
  readonly recallWaitMs?: number
  /** How many ended entries are remembered at most. Default 100,000. What falls out is counted as `recall_forgotten`. */
  readonly recallMaxEntries?: number
  /** How many bytes of them. Default 67,108,864. */
  readonly recallMaxBytes?: number
  /** How often, with jitter, lapsed leases and old results are looked at. Default 60,000 ms; `false` for never. */
  readonly sweep?: false | { readonly everyMs?: number }
}

/** Options after the door. */
export interface ParsedOptions {
  readonly store: Store
  readonly runtime: Runtime
  readonly scope: string
  readonly operations: ReadonlyMap<string, ParsedOperation>
  readonly keyLint: 'refuse' | 'warn' | 'off'
  readonly redact: OncewardOptions['redact'] | undefined
  readonly seal: Sealer | undefined
  readonly maxInputBytes: number
  readonly maxResultBytes: number
  readonly maxRunMs: number
  readonly storeTimeoutMs: number
  readonly maxWaiters: number
  readonly recallMs: number
  readonly recallWaitMs: number
  readonly recallMaxEntries: number
  readonly recallMaxBytes: number
  readonly tombstoneMs: number | undefined
  readonly sweepEveryMs: number | undefined
}

export interface ParsedOperation {
  readonly safety: ParsedSafety
  readonly volatile: readonly string[]
  readonly parse?: ((value: unknown) => unknown) | undefined
  readonly retry: 'never' | 'on-failure'
  readonly singleCall: boolean
  readonly steps: boolean
  readonly leaseMs: number
  readonly retainMs: number
  readonly onStoreOutage: 'refuse' | 'run'
  readonly onTwin: 'warn' | 'refuse' | 'off'
  readonly twinWindowMs: number
}

const minLeaseMs = 100
/** A registration's lifetime: a worker that is there has told of itself within it. */
const minRecallWaitMs = 10_000
const recallEntriesBounds = { min: 1, max: 10_000_000 }
const recallBytesBounds = { min: 1, max: 4 * 1024 * 1024 * 1024 }

export const defaultOperation: ParsedOperation = {
  safety: { kind: 'blind' },
  volatile: [],
  retry: 'never',
  singleCall: false,
  steps: false,
  leaseMs: 30_000,
  retainMs: 30 * 24 * 60 * 60 * 1000,
  onStoreOutage: 'refuse',
  onTwin: 'warn',
  twinWindowMs: 10 * 60 * 1000,
}

const maxBytesBounds = { min: 1, max: 64 * 1024 * 1024 }
const kept = 256 * 1024

/** Checks the options of an instance once. Throws `OPTION_INVALID`. */
export function parseOptions(options: OncewardOptions, runtime: Runtime): ParsedOptions {
  const { store, redact, seal, tombstoneMs, sweep } = members(options, 'options')
  if (typeof store !== 'object' || store === null || typeof store.claim !== 'function') {
    throw optionInvalid('store', 'a store, such as sqliteStore({ path })', store)
  }
  return {
    store,
    runtime,
    scope: label(options.scope ?? 'default', 'scope', 100),
    operations: parseOperations(options.operations === undefined ? {} : options.operations),
    keyLint: oneOf(options.keyLint ?? 'refuse', ['refuse', 'warn', 'off'], 'keyLint'),
    redact: optionalFunction(redact, 'redact'),
    seal: seal === undefined ? seal : checkedSealer(seal),
    maxInputBytes: count(options.maxInputBytes ?? kept, 'maxInputBytes', maxBytesBounds),
    maxResultBytes: count(options.maxResultBytes ?? kept, 'maxResultBytes', maxBytesBounds),
    maxRunMs: milliseconds(options.maxRunMs ?? 3_600_000, 'maxRunMs', 1),
    storeTimeoutMs: milliseconds(options.storeTimeoutMs ?? 10_000, 'storeTimeoutMs', 1),
    maxWaiters: count(options.maxWaiters ?? 1000, 'maxWaiters', { min: 0, max: 1_000_000 }),
    recallMs: milliseconds(options.recallMs ?? 60_000, 'recallMs', 0),
    recallWaitMs: milliseconds(options.recallWaitMs ?? 60_000, 'recallWaitMs', minRecallWaitMs),
    recallMaxEntries: count(options.recallMaxEntries ?? 100_000, 'recallMaxEntries', recallEntriesBounds),
    recallMaxBytes: count(options.recallMaxBytes ?? 64 * 1024 * 1024, 'recallMaxBytes', recallBytesBounds),
    tombstoneMs: tombstoneMs === undefined ? tombstoneMs : milliseconds(tombstoneMs, 'tombstoneMs', 0),
    sweepEveryMs: sweep === false ? undefined : sweepEveryMs(sweep),
  }
}

function sweepEveryMs(sweep: { readonly everyMs?: number } = {}): number {
  return milliseconds(members(sweep, 'sweep').everyMs ?? 60_000, 'sweep.everyMs', 100)
}

function checkedSealer(sealer: Sealer): Sealer {
  const { seal, open } = members(sealer, 'seal') as Record<keyof Sealer, unknown>
  if (typeof seal === 'function' && typeof open === 'function') return sealer
  throw optionInvalid('seal', 'a sealer, such as a keyRing', sealer)
}

function parseOperations(
  operations: Readonly<Record<string, OperationOptions>>,
): ReadonlyMap<string, ParsedOperation> {
  return new Map(
    Object.entries(members(operations, 'operations')).map(([name, given]) => [
      label(name, 'operations', 100),
      parseOperation(given, `operations.${name}`),
    ]),
  )
}

function parseOperation(given: OperationOptions, name: string): ParsedOperation {
  const base = mergeOperation(defaultOperation, members(given, name), `${name}.`)
  const { volatile = base.volatile, onTwin, twinWindowMs, parse } = given
  const isPointer = (pointer: unknown): boolean => typeof pointer === 'string' && pointer.startsWith('/')
  if (!Array.isArray(volatile) || !volatile.every(isPointer))
    throw optionInvalid(`${name}.volatile`, 'a list of RFC 6901 pointers such as "/sentAt"', volatile)
  return {
    ...base,
    volatile,
    parse: optionalFunction(parse, `${name}.parse`),
    onTwin: oneOf(onTwin ?? base.onTwin, ['warn', 'refuse', 'off'], `${name}.onTwin`),
    twinWindowMs: milliseconds(twinWindowMs ?? base.twinWindowMs, `${name}.twinWindowMs`, 1),
  }
}

/** What an operation and an intent may both say; what is not said stays as it was. */
type Common = Pick<
  OperationOptions,
  'safety' | 'retry' | 'singleCall' | 'steps' | 'leaseMs' | 'retainMs' | 'onStoreOutage'
>

export function mergeOperation(base: ParsedOperation, given: Common, prefix = ''): ParsedOperation {
  const { safety, retry, singleCall, steps, leaseMs, retainMs, onStoreOutage } = given
  // Most calls say nothing that their operation has not said.
  const said = [safety, retry, singleCall, steps, leaseMs, retainMs, onStoreOutage]
  if (said.every((value) => value === undefined)) return base
  return {
    ...base,
    safety: safety === undefined ? base.safety : parseSafety(safety, `${prefix}safety`),
    retry: oneOf(retry ?? base.retry, ['never', 'on-failure'], `${prefix}retry`),
    singleCall: boolean(singleCall ?? base.singleCall, `${prefix}singleCall`),
    steps: boolean(steps ?? base.steps, `${prefix}steps`),
    leaseMs: milliseconds(leaseMs ?? base.leaseMs, `${prefix}leaseMs`, minLeaseMs),
    retainMs: milliseconds(retainMs ?? base.retainMs, `${prefix}retainMs`, 0),
    onStoreOutage: oneOf(onStoreOutage ?? base.onStoreOutage, ['refuse', 'run'], `${prefix}onStoreOutage`),
  }
}
