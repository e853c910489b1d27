import type { OutboundRules } from '../../../src/outbound/decisions.ts'

/** One broken decision of the client, put in by injection; the sentences that name it must fail. */
export interface OutboundMutant {
  readonly breaks: string
  readonly rules: (standard: OutboundRules) => Partial<OutboundRules>
}

export const outboundMutants: Readonly<Record<string, OutboundMutant>> = {
  'reset-is-not-sent': {
    breaks: 'believes an error code that nothing was sent',
    rules: (standard) => ({
      sendFailure: (failed) =>
        ['UND_ERR_SOCKET', 'ECONNRESET', 'SEND_TIMEOUT', 'UND_ERR_ABORTED'].includes(String(failed.code))
          ? 'not-sent'
          : standard.sendFailure(failed),
    }),
  },
  'refused-is-unknown': {
    breaks: 'takes what never left for what may have arrived',
    rules: () => ({ sendFailure: () => 'unknown' }),
  },
  'keyless-is-resent': {
    breaks: 'sends an unsafe call again without a key (as axios-retry does)',
    rules: (standard) => ({
      mayResend: (question) => standard.mayResend({ ...question, isKeyed: true, keyLifetimeMs: 1e12 }),
    }),
  },
  'stream-is-resent': {
    breaks: 'sends a body again that is gone',
    rules: (standard) => ({ mayResend: (question) => standard.mayResend({ ...question, isSpent: false }) }),
  },
  'lifetime-ignored': {
    breaks: 'sends a key that the target may have forgotten',
    rules: (standard) => ({ mayResend: (question) => standard.mayResend({ ...question, keyAgeMs: 0 }) }),
  },
  'retries-every-error': {
    breaks: 'retries every 4xx',
    rules: (standard) => ({
      meaningOf: (answer, target, call) =>
        answer.status >= 400 ? 'retry' : standard.meaningOf(answer, target, call),
    }),
  },
  'retries-no-status': {
    breaks: 'takes a 503 for an answer',
    rules: (standard) => ({
      meaningOf: (answer, target, call) => {
        const meaning = standard.meaningOf(answer, target, call)
        return meaning === 'retry' ? 'refused' : meaning
      },
    }),
  },
  'target-not-asked': {
    breaks: 'does not listen to the target profile',
    rules: (standard) => ({
      meaningOf: (answer, _, call) => standard.meaningOf(answer, { name: 'any' }, call),
    }),
  },
  'conflict-is-a-no': {
    breaks: 'takes "key in use" for the outcome of a call that may have been carried out',
    rules: (standard) => ({
      isOutcome: (status, sends) => standard.isOutcome(status, { ...sends, hasCut: false, hasVague: false }),
    }),
  },
  'retry-after-undercut': {
    breaks: 'comes back before the target wants to be called',
    rules: (standard) => ({
      waitBefore: (times) => {
        const wait = standard.waitBefore(times)
        return wait.kind === 'wait' ? { kind: 'wait', waitMs: Math.min(wait.waitMs, times.backoffMs) } : wait
      },
    }),
  },
  'retry-after-date-unread': {
    breaks: 'reads only seconds',
    rules: (standard) => ({
      retryAfterMs: (answer, target, nowMs) =>
        /GMT/.test(String(answer.headers['retry-after']))
          ? undefined
          : standard.retryAfterMs(answer, target, nowMs),
    }),
  },
  'own-clock-believed': {
    breaks: "reads the target's date by our clock, which may be ahead",
    rules: (standard) => ({
      retryAfterMs: (answer, target, nowMs) => {
        const { date: _, ...headers } = answer.headers
        return standard.retryAfterMs({ ...answer, headers }, target, nowMs)
      },
    }),
  },
  'later-is-clamped': {
    breaks: 'waits as long as the deadline allows instead of as long as it is asked to',
    rules: (standard) => ({
      waitBefore: (times) => {
        const wait = standard.waitBefore(times)
        return wait.kind === 'later' ? { kind: 'wait', waitMs: times.remainingMs / 2 } : wait
      },
    }),
  },
  'deadline-overrun': {
    breaks: 'begins a wait that the deadline does not leave time for',
    rules: (standard) => ({
      waitBefore: (times) => standard.waitBefore({ ...times, remainingMs: Number.POSITIVE_INFINITY }),
    }),
  },
  'no-budget': {
    breaks: 'retries without a budget',
    rules: () => ({ budgetAllows: () => true }),
  },
  'budget-without-minimum': {
    breaks: 'lets no retry through where there is little traffic',
    rules: (standard) => ({
      budgetAllows: (lately, budget) => standard.budgetAllows(lately, { ...budget, min: 0 }),
    }),
  },
  'hedges-anything': {
    breaks: 'sends a second time at once what may not arrive twice',
    rules: () => ({ mayHedge: () => true, mayResend: () => true }),
  },
  'answer-is-success': {
    breaks: 'keeps every answer as a success',
    rules: (standard) => ({
      settlementOf: (end) => (end.kind === 'answered' ? 'succeeded' : standard.settlementOf(end)),
    }),
  },
  'failure-is-definite': {
    breaks: 'tells the ledger that what may have been carried out was not',
    rules: () => ({
      settlementOf: (end) => (end.kind === 'answered' && end.meaning === 'done' ? 'succeeded' : 'released'),
    }),
  },
  'not-sent-is-unknown': {
    breaks: 'leaves what never left in doubt',
    rules: (standard) => ({
      settlementOf: (end) => (end.kind === 'failed' ? 'unknown' : standard.settlementOf(end)),
    }),
  },
}
