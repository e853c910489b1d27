import type { Fault } from './faults.ts'
import { type OutboundRules, outboundRules } from '../../../src/outbound/decisions.ts'

const forEver = 1e9

/** One broken decision, the faults under which it shows, and what the soak has to find of it. */
export interface SoakMutant {
  readonly faults: readonly Fault[]
  readonly intents: number
  readonly finds: RegExp
  readonly rules: (standard: OutboundRules) => Partial<OutboundRules>
}

export const soakMutants: Readonly<Record<string, SoakMutant>> = {
  /** What may have arrived is sent again although no key goes with it, as axios-retry does with a POST. */
  'retry-unsafe-without-key': {
    faults: ['acted-reset', 'acted-503', 'acted-truncated'],
    intents: 200,
    finds: /blind.*[2-9] effects/,
    rules: (standard) => ({
      mayResend: (question) =>
        question.isKeyed
          ? standard.mayResend(question)
          : standard.mayResend({ ...question, isKeyed: true, keyLifetimeMs: forEver }),
    }),
  },
  /** "The connection was reset, so it was not sent." */
  'reset-is-not-sent': {
    faults: ['acted-reset', 'acted-drop'],
    intents: 200,
    finds: /blind.*[2-9] effects/,
    rules: (standard) => ({
      sendFailure: (failed) =>
        failed.code === 'UND_ERR_SOCKET' || failed.code === 'ECONNRESET'
          ? 'not-sent'
          : standard.sendFailure(failed),
    }),
  },
  /** A key is sent again when the target has forgotten it. */
  'ignore-key-lifetime': {
    faults: ['forgets'],
    intents: 16,
    finds: /(replays|conflicts).*[2-9] effects/,
    rules: (standard) => ({
      mayResend: (question) =>
        standard.mayResend({
          ...question,
          keyLifetimeMs: question.isKeyed ? forEver : question.keyLifetimeMs,
        }),
    }),
  },
  /** "Too many requests" of a second send is taken for the outcome of the first. */
  'late-no-is-believed': {
    faults: ['acted-reset', '429'],
    intents: 200,
    finds: /reported as refused: 1 effect/,
    rules: () => ({ isOutcome: () => true }),
  },
  /** The caller's own: he retries by himself, with another key. No rule of ours can bring that back. */
  'new-key-per-attempt': {
    faults: ['acted-reset', 'acted-drop'],
    intents: 200,
    finds: /(replays|conflicts).*[2-9] effects/,
    rules: () => ({}),
  },
}

export function soakRules(mutant: string | undefined): OutboundRules {
  return { ...outboundRules, ...soakMutants[mutant ?? '']?.rules(outboundRules) }
}
