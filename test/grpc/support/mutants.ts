import { randomUUID } from 'node:crypto'
import type { GrpcClientRules } from '../../../src/grpc/client/decisions.ts'
import type { GrpcServerRules } from '../../../src/grpc/server/decisions.ts'
import { grpcStatus } from '../../../src/grpc/index.ts'

/** One broken decision, put in by injection; the sentences that name it must fail. */
export interface GrpcMutant {
  readonly breaks: string
  readonly server?: (standard: GrpcServerRules) => Partial<GrpcServerRules>
  readonly client?: (standard: GrpcClientRules) => Partial<GrpcClientRules>
}

export const grpcMutants: Readonly<Record<string, GrpcMutant>> = {
  'key-without-caller': {
    breaks: 'lets all callers share their keys',
    server: (standard) => ({ keyOf: (_, kind, parts) => standard.keyOf('all', kind, parts) }),
  },
  'scope-without-path': {
    breaks: 'takes a key for the same work whatever method it comes to',
    server: () => ({ operationOf: () => '/' }),
  },
  'fingerprint-without-body': {
    breaks: 'does not look at the request',
    server: (standard) => ({
      fingerprintOf: (options, request) => standard.fingerprintOf(options, request, {}),
    }),
  },
  'messages-run-together': {
    breaks: 'does not tell where a message of a stream ends',
    server: () => ({ framed: (messages) => Buffer.concat(messages) }),
  },
  'messages-in-any-order': {
    breaks: 'takes the same messages in another order for the same stream',
    server: (standard) => ({
      framed: (messages) => standard.framed([...messages].sort((one, other) => Buffer.compare(one, other))),
    }),
  },
  'cut-is-the-end': {
    breaks: 'takes the end of a stream that was reset for its last message',
    server: () => ({ afterClose: () => Promise.resolve() }),
  },
  'everything-is-final': {
    breaks: 'keeps every status as the result',
    server: () => ({ classOfStatus: () => 'final' }),
  },
  'nothing-is-final': {
    breaks: 'takes no status for what the request comes to',
    server: () => ({ classOfStatus: () => 'ambiguous' }),
  },
  'passed-on-is-final': {
    breaks: 'takes the status of a call behind it for its own',
    server: (standard) => ({ classOfStatus: (code) => standard.classOfStatus(code) }),
  },
  'ambiguous-frees-the-key': {
    breaks: 'runs again after a status that does not say whether the work was done',
    server: (standard) => ({
      classOfStatus: (code) => (standard.classOfStatus(code) === 'final' ? 'final' : 'no-effect'),
    }),
  },
  'doubt-asks-for-more': {
    breaks: 'answers a doubt by a status that clients try again',
    server: (standard) => ({
      statusOfProblem: (type) =>
        type === 'in-doubt' ? grpcStatus.UNAVAILABLE : standard.statusOfProblem(type),
    }),
  },
  'ok-is-done': {
    breaks: 'believes a status OK without a message',
    client: (standard) => ({
      outcomeOf: (end) => (end.code === grpcStatus.OK ? 'done' : standard.outcomeOf(end)),
    }),
  },
  'unknown-is-not-sent': {
    breaks: 'takes a connection that broke for one that never was',
    client: (standard) => ({
      outcomeOf: (end) => {
        const outcome = standard.outcomeOf(end)
        return outcome === 'unknown' ? 'not-sent' : outcome
      },
    }),
  },
  'everything-may-have-arrived': {
    breaks: 'does not see that a call was never sent',
    client: (standard) => ({ outcomeOf: (end) => standard.outcomeOf({ ...end, mayHaveArrived: true }) }),
  },
  'unimplemented-is-no': {
    breaks: 'believes an UNIMPLEMENTED that the library made of a cut reply',
    client: (standard) => ({ outcomeOf: (end) => standard.outcomeOf({ ...end, isAnswered: true }) }),
  },
  'about-the-key-is-no': {
    breaks: 'takes "key reused" and "in doubt" for the outcome of the work',
    client: (standard) => ({ outcomeOf: (end) => standard.outcomeOf({ ...end, problem: undefined }) }),
  },
  'unreadable-pushback-is-now': {
    breaks: 'retries at once after a pushback that is no number, as grpc-js does',
    client: (standard) => ({
      pushbackOf: (values) => {
        const pushback = standard.pushbackOf(values)
        return pushback === 'stop' ? undefined : pushback
      },
    }),
  },
  'pushback-undercut': {
    breaks: 'comes back before the server said',
    client: (standard) => ({
      waitBefore: (times) => standard.waitBefore({ ...times, retryAfterMs: undefined }),
    }),
  },
  'keyless-resent': {
    breaks: 'sends again what has no key and may have arrived',
    client: () => ({ mayResend: () => true }),
  },
  'refusals-retried': {
    breaks: 'asks again where the answer would be the same',
    client: () => ({ isWorthAnother: (_, outcome) => outcome !== 'done' }),
  },
  'nothing-retried': {
    breaks: 'gives up at the first failure',
    client: () => ({ isWorthAnother: () => false }),
  },
  'no-budget': {
    breaks: 'retries as often as it likes',
    client: () => ({ budgetAllows: () => true }),
  },
  'key-per-try': {
    breaks: 'makes a new key for every call',
    client: () => ({ keySent: () => randomUUID() }),
  },
  'unknown-is-released': {
    breaks: 'tells the ledger that what may have been done was not',
    client: (standard) => ({
      settlementOf: (outcome, code) =>
        outcome === 'unknown' ? 'released' : standard.settlementOf(outcome, code),
    }),
  },
  'refusal-speaks-for-all-tries': {
    breaks: 'takes the refusal of the last try for the end of an earlier one',
    client: () => ({ outcomeOfAll: (last) => last }),
  },
  'not-sent-is-unknown': {
    breaks: 'holds a call that was never sent for one that may have been carried out',
    client: (standard) => ({
      settlementOf: (outcome, code) =>
        outcome === 'not-sent' ? 'unknown' : standard.settlementOf(outcome, code),
    }),
  },
}
