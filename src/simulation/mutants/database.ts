import type { Entry } from '../../ledger/entry.ts'
import type { ClaimRequest, SettleRequest, Store } from '../../ledger/store.ts'
import type { ServerInside, SimulationMutant } from './mutant.ts'

type Rows = ServerInside['data']['rows']

/** After each settle that went through, changes the row once more. */
function afterSettle(
  engine: Store,
  rows: Rows,
  change: (row: Entry, request: SettleRequest) => Entry | 'delete' | undefined,
): Store {
  return {
    ...engine,
    settle: async (requests, lineage) => {
      const reply = await engine.settle(requests, lineage)
      for (const request of requests) {
        const row = rows.get(request.ref)
        const changed = row === undefined ? undefined : change(row, request)
        if (changed === 'delete') rows.delete(request.ref)
        else if (changed !== undefined) rows.set(request.ref, changed)
      }
      return reply
    },
  }
}

/** Before each claim, changes the row that it will meet. */
function beforeClaim(
  engine: Store,
  rows: Rows,
  change: (row: Entry, request: ClaimRequest) => Entry | 'delete' | undefined,
): Store {
  return {
    ...engine,
    claim: (requests, lineage) => {
      for (const request of requests) {
        const row = rows.get(request.ref)
        const changed = row === undefined ? undefined : change(row, request)
        if (changed === 'delete') rows.delete(request.ref)
        else if (changed !== undefined) rows.set(request.ref, changed)
      }
      return engine.claim(requests, lineage)
    },
  }
}

/** Mutants of the database: what the SQL of a store could get wrong. */
export const databaseMutants: readonly SimulationMutant[] = [
  {
    id: 'release-resets-the-attempt',
    rule: 4,
    caughtBy: 'I4',
    breaks: 'counts attempts anew once an entry has been released',
    server: (engine, { data }) =>
      afterSettle(engine, data.rows, (row, request) =>
        request.to === 'released' && row.state === 'released' ? { ...row, attempt: 0 } : undefined,
      ),
  },
  {
    id: 'release-deletes-the-row',
    rule: 4,
    caughtBy: 'I7',
    breaks: 'deletes the row of an entry that is released',
    server: (engine, { data }) =>
      afterSettle(engine, data.rows, (row, request) =>
        request.to === 'released' && row.state === 'released' ? 'delete' : undefined,
      ),
  },
  {
    id: 'late-failure-deletes-the-row',
    rule: 4,
    caughtBy: 'I1',
    breaks: 'deletes the row when an attempt fails, whoever owns it by now',
    server: (engine, { data }) =>
      afterSettle(engine, data.rows, (_row, request) =>
        request.endsLease && request.error !== undefined ? 'delete' : undefined,
      ),
  },
  {
    id: 'mismatch-overwrites',
    rule: 7,
    caughtBy: 'I6',
    breaks: 'lets a claim with another input overwrite the entry',
    server: (engine, { data }) =>
      beforeClaim(engine, data.rows, (row, request) =>
        row.fingerprint === request.fingerprint
          ? undefined
          : { ...row, fingerprint: request.fingerprint, rev: row.rev + 1 },
      ),
  },
  {
    id: 'sequence-as-fence',
    rule: 4,
    caughtBy: 'I4',
    breaks: 'takes the fence from a sequence of the database, which goes back in a failover',
    server: (engine, { data, commits }) => ({
      ...engine,
      claim: async (requests, lineage) => {
        const { nowMs, results } = await engine.claim(requests, lineage)
        return {
          nowMs,
          results: results.map((result) => {
            if (result.kind !== 'claimed') return result
            const entry = { ...result.entry, epoch: 1, attempt: commits() + 1 }
            data.rows.set(entry.ref, entry)
            return { kind: 'claimed', entry }
          }),
        }
      },
    }),
  },
  {
    id: 'result-is-not-written',
    rule: 11,
    caughtBy: 'I3',
    breaks: 'keeps that it succeeded, and not its result',
    server: (engine, { data }) =>
      afterSettle(engine, data.rows, (row) =>
        row.value === undefined ? undefined : { ...row, value: undefined },
      ),
  },
  {
    id: 'tombstone-dropped-early',
    rule: 11,
    caughtBy: 'I7',
    breaks: 'deletes what has ended once its result may be forgotten, and keeps no tombstone',
    server: (engine, { data }) => ({
      ...engine,
      purge: async (request) => {
        const purged = await engine.purge(request)
        for (const row of data.rows.values()) if (row.state === 'tombstone') data.rows.delete(row.ref)
        return purged
      },
    }),
  },
  {
    id: 'doubt-is-retried',
    rule: 2,
    caughtBy: 'I5',
    breaks: 'runs what is in doubt again, without evidence',
    server: (engine, { data }) =>
      beforeClaim(engine, data.rows, (row) =>
        row.state === 'in_doubt' ? { ...row, state: 'released', rev: row.rev + 1 } : undefined,
      ),
  },
  {
    id: 'claims-overwrite',
    rule: 4,
    caughtBy: 'I4',
    breaks: 'takes an entry over whatever its attempt and rev are by now',
    server: (engine, { data }) => ({
      ...engine,
      claim: (requests, lineage) =>
        engine.claim(
          requests.map((request) => {
            const row = data.rows.get(request.ref)
            if (row === undefined || request.expect === undefined) return request
            const { attempt, rev } = row
            return { ...request, expect: { ...request.expect, attempt, rev } }
          }),
          lineage,
        ),
    }),
  },
]
