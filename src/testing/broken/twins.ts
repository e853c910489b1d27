import type { Entry } from '../../ledger/entry.ts'
import type { TwinRequest } from '../../ledger/store.ts'
import { everyRow } from './offsets.ts'
import type { Break, Mutant } from './wrap.ts'

const found = 'an older entry with the same scope, operation, input and subject is a twin'
const older = 'neither itself nor a younger entry is a twin, so that of two racing twins one is found'
const others = 'an entry with another scope, operation, input or subject is no twin'

/** The conditions of a twin, one by one, so that each can be left out. */
const conditions = {
  other: (row: Entry, twin: Entry) => twin.ref !== row.ref,
  older: (row: Entry, twin: Entry) =>
    twin.claimedAtMs < row.claimedAtMs || (twin.claimedAtMs === row.claimedAtMs && twin.ref < row.ref),
  scope: (row: Entry, twin: Entry) => twin.scope === row.scope,
  operation: (row: Entry, twin: Entry) => twin.operation === row.operation,
  input: (row: Entry, twin: Entry) => twin.fingerprint === row.fingerprint,
  subject: (row: Entry, twin: Entry) => twin.subject === row.subject,
  known: (row: Entry) => row.subject !== undefined && row.fingerprint !== '',
  done: (_row: Entry, twin: Entry) => twin.state !== 'released',
}
type Condition = keyof typeof conditions

export const brokenTwins: readonly Mutant[] = [
  {
    id: 'no-twins',
    breaks: 'finds no twins',
    caughtBy: [found],
    broken: (store) => ({
      twins: async (requests) => {
        const good = await store.twins(requests)
        return { ...good, results: good.results.map(() => []) }
      },
    }),
  },
  {
    id: 'no-ended-twins',
    breaks: 'finds twins only while they run',
    caughtBy: [found],
    broken: finding([], (twin) => twin.state === 'started'),
  },
  {
    id: 'own-twin',
    breaks: 'takes an entry for its own twin',
    caughtBy: [older],
    broken: finding(['other', 'older']),
  },
  { id: 'younger-twins', breaks: 'finds younger twins too', caughtBy: [older], broken: finding(['older']) },
  ...(['scope', 'operation', 'input', 'subject'] as const).map(
    (name): Mutant => ({
      id: `twins-of-any-${name}`,
      breaks: `finds twins without regard to the ${name}`,
      caughtBy: [others],
      broken: finding([name]),
    }),
  ),
  {
    id: 'twins-without-evidence',
    breaks: 'finds twins of entries without subject or input, where equal prices are no twins',
    caughtBy: ['an entry without a subject or without an input has no twins'],
    broken: finding(['known']),
  },
  {
    id: 'released-twins',
    breaks: 'takes a released entry for a twin',
    caughtBy: ['a released entry did nothing, and is no twin'],
    broken: finding(['done']),
  },
  {
    id: 'twins-of-all-times',
    breaks: 'does not look at the window',
    caughtBy: ["an entry that is older than the window, by the store's clock, is no twin"],
    broken: (store) => ({
      twins: (requests) => store.twins(requests.map(({ ref }) => ({ ref, windowMs: 1e11 }))),
    }),
  },
  {
    id: 'twins-out-of-order',
    breaks: 'answers twins in another order than asked',
    caughtBy: ['twins are answered in the order they were asked, with none for what is not there'],
    broken: (store) => ({
      twins: async (requests) => {
        const good = await store.twins(requests)
        return { ...good, results: good.results.toReversed() }
      },
    }),
  },
]

/** Finds twins by all conditions but those left out. */
function finding(leftOut: readonly Condition[], and: (twin: Entry) => boolean = () => true): Break {
  const names = (Object.keys(conditions) as Condition[]).filter((name) => !leftOut.includes(name))
  return (store) => ({
    twins: async (requests) => {
      const rows = await everyRow(store)
      const { nowMs } = await store.read([])
      const twinsOf = ({ ref, windowMs }: TwinRequest): readonly string[] => {
        const row = rows.find((one) => one.ref === ref)
        if (row === undefined) return []
        const twins = rows.filter((twin) => names.every((name) => conditions[name](row, twin)) && and(twin))
        return twins.filter((twin) => twin.claimedAtMs >= nowMs - windowMs).map((twin) => twin.ref)
      }
      return { nowMs, results: requests.map(twinsOf) }
    },
  })
}
