import { type OutboundRules, outboundRules } from '../../../src/outbound/decisions.ts'

/** One broken decision each; the soak must find every one of them out. */
export const soakMutants: Readonly<Record<string, (standard: OutboundRules) => Partial<OutboundRules>>> = {
  /** A call that may have arrived is sent again although no key goes with it: what axios-retry does to a POST. */
  'retry-unsafe-without-key': (standard) => ({
    mayResend: (question) => standard.mayResend({ ...question, isKeyed: true, keyLifetimeMs: 1e9 }),
  }),
  /** "The connection was reset, so it was not sent." */
  'reset-is-not-sent': (standard) => ({
    sendFailure: (failed) => (failed.code === 'UND_ERR_SOCKET' || failed.code === 'ECONNRESET' ? 'not-sent' : standard.sendFailure(failed)),
  }),
  /** A key is sent again after the target has forgotten it. */
  'ignore-key-lifetime': (standard) => ({
    mayResend: (question) => standard.mayResend({ ...question, keyLifetimeMs: 1e9 }),
    // Long enough for the peer to have forgotten.
  }),
  /** An answer that is no result is taken for one. */
  'any-answer-is-done': () => ({ meaningOf: () => 'done' }),
  /** 5xx is the target's no. */
  'server-error-is-refused': (standard) => ({
    meaningOf: (answer, target, call) =>
      answer.status >= 500 ? 'refused' : standard.meaningOf(answer, target, call),
  }),
}

export function soakRules(mutant: string | undefined): OutboundRules {
  return { ...outboundRules, ...(mutant === undefined ? {} : soakMutants[mutant]?.(outboundRules)) }
}
