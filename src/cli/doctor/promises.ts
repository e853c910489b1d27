import type { StoreKind } from '../../stores/open.ts'
import type { Check, Claim } from './report.ts'

/** What a promise rests on at one kind of store. */
type Rests =
  /** Ids of checks. With none it holds by how the store writes, whatever its settings. */
  | { readonly checks: readonly string[] }
  /** Never kept by this kind of store. */
  | { readonly never: string }
  /** Not promised for this kind of store: there is nothing that could break it. */
  | { readonly none: string }

/** Of a store of the user's own nothing can be read. */
type KnownKind = Exclude<StoreKind, 'module'>

/** A promise of the README that a store can break. */
export interface StorePromise {
  readonly id: string
  readonly sentence: string
  /** Words of the README that make it; a test looks for them there. */
  readonly readme: string
  readonly rests: Readonly<Record<KnownKind, Rests>>
}

const forgets: Rests = { never: 'it is kept in memory, and gone with its process' }
const always: Rests = { checks: [] }

/** Every promise of the README that depends on the store, in one place. docs/guide/doctor.md lists them. */
export const storePromises: readonly StorePromise[] = [
  {
    id: 'usable',
    sentence: 'the ledger can be kept here',
    readme: 'It keeps its ledger\nin SQLite or PostgreSQL',
    rests: {
      memory: always,
      sqlite: { checks: ['writable', 'schemaVersion'] },
      postgres: {
        checks: [
          'serverVersion',
          'encoding',
          'inRecovery',
          'readOnly',
          'privileges',
          'schemaVersion',
          'poolMode',
          'standbyStreams',
        ],
      },
    },
  },
  {
    id: 'one-runs',
    sentence: 'of any number of concurrent callers, in any number of processes, one runs',
    readme: 'Of any number of concurrent callers, in any number of processes, one runs',
    rests: {
      memory: { never: 'each process has a ledger of its own' },
      sqlite: { checks: ['fileLocks'] },
      postgres: always,
    },
  },
  {
    id: 'late-worker',
    sentence: 'a worker that comes back late cannot overwrite what others did since',
    readme: 'A worker that comes back late cannot overwrite what others did since',
    rests: { memory: always, sqlite: { checks: ['fileLocks'] }, postgres: always },
  },
  {
    id: 'same-input',
    sentence: 'the same key with another input is refused',
    readme: 'The same key with another input is refused',
    rests: { memory: always, sqlite: always, postgres: always },
  },
  {
    id: 'transactional',
    sentence: 'rows of yours and the entry commit together (attempt.transaction)',
    readme: 'is the same database (`attempt.transaction`)',
    rests: {
      memory: { none: 'a ledger in memory has no transactions with the caller' },
      sqlite: always,
      postgres: { checks: ['poolMode'] },
    },
  },
  {
    id: 'survives-crash',
    sentence: 'what was acknowledged survives a crash of any process, the database server included',
    readme: 'Acknowledged means on disk',
    rests: {
      memory: forgets,
      sqlite: { checks: ['journalMode'] },
      postgres: { checks: ['unlogged', 'commitsToDisk'] },
    },
  },
  {
    id: 'survives-power-loss',
    sentence: 'what was acknowledged survives a loss of power',
    readme: 'Acknowledged means on disk',
    rests: {
      memory: forgets,
      sqlite: { checks: ['journalMode', 'synchronous', 'onDisk'] },
      postgres: { checks: ['fsync', 'fullPageWrites', 'commitsToDisk', 'unlogged'] },
    },
  },
  {
    id: 'survives-failover',
    sentence: 'what was acknowledged survives a failover to a standby',
    readme: 'A failover of PostgreSQL to an asynchronous standby can lose rows',
    rests: {
      memory: { none: 'nothing takes over from a process' },
      sqlite: { none: 'a file has no standby: with this disk the ledger is lost' },
      postgres: { checks: ['standbys', 'commitsToStandby', 'unlogged'] },
    },
  },
]

/** What each promise comes to, given the answers of the checks. A check that is not there is not known. */
export function claimsOf(kind: KnownKind, checks: readonly Check[]): Claim[] {
  return storePromises.map(({ id, sentence, rests }) => ({
    id,
    claim: sentence,
    ...verdict(rests[kind], checks),
  }))
}

function verdict(rests: Rests, checks: readonly Check[]): Omit<Claim, 'id' | 'claim'> {
  if ('never' in rests) return { holds: false, applies: true, why: rests.never }
  if ('none' in rests) return { holds: null, applies: false, why: rests.none }
  const asked = checks.filter((check) => rests.checks.includes(check.id))
  const broken = asked.filter((check) => check.holds === false)
  const unknown = asked.filter((check) => check.holds === null)
  if (broken.length > 0) {
    const change = broken.map((check) => check.change).join('; ')
    return { holds: false, applies: true, why: whyOf(broken), change }
  }
  if (unknown.length > 0) return { holds: null, applies: true, why: whyOf(unknown) }
  return {
    holds: true,
    applies: true,
    why: asked.length === 0 ? 'it rests on no setting' : whyOf(asked),
  }
}

function whyOf(checks: readonly Check[]): string {
  return checks.map(({ setting, is }) => `${setting}: ${is}`).join('; ')
}
