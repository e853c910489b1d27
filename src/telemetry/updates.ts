import type { OncewardEvent } from '../ledger/events.ts'
import type { MetricName } from './metric-list.ts'
import type { Labels } from './samples.ts'

export interface Update {
  readonly metric: MetricName
  readonly labels: Labels
  readonly value: number
}

const one = (metric: MetricName, labels: Labels = {}, value = 1): Update => ({ metric, labels, value })

const ended = (event: OncewardEvent, outcome: string): Update =>
  one('onceward_effects_total', { operation: event.operation, outcome })

const took = (event: OncewardEvent<'succeeded' | 'failed'>): Update =>
  one(
    'onceward_effect_duration_seconds',
    { operation: event.operation, outcome: event.type },
    event.durationMs / 1000,
  )

/** What one event counts as. Pure: the whole of what is counted by events is here. */
export function updatesOf(event: OncewardEvent): readonly Update[] {
  const { operation } = event
  switch (event.type) {
    case 'claimed':
    case 'waiting':
    case 'replayed':
    case 'doubted':
      return [one('onceward_claims_total', { verdict: event.verdict })]
    case 'refused':
      return [
        one('onceward_claims_total', { verdict: event.verdict }),
        one('onceward_refusals_total', { code: event.code }),
      ]
    case 'succeeded':
    case 'failed':
      return [ended(event, event.type), took(event)]
    case 'released':
    case 'in_doubt':
      return [ended(event, event.type)]
    case 'outcome_unknown':
      return [ended(event, 'unknown')]
    case 'step_finished':
      return [one('onceward_steps_total', { outcome: event.outcome })]
    case 'step_replayed':
      return [one('onceward_steps_total', { outcome: 'replayed' })]
    case 'lease_lost':
      return [one('onceward_lease_lost_total', { operation })]
    case 'late_outcome':
      return [one('onceward_late_outcomes_total', { outcome: event.outcome })]
    case 'twin':
      return [one('onceward_twins_total', { operation })]
    case 'key_unstable':
      return [one('onceward_keys_unstable_total', { operation })]
    case 'unguarded':
      return [one('onceward_unguarded_total', { operation })]
    case 'store_fault':
      return [one('onceward_store_faults_total', { kind: event.kind })]
    case 'new_epoch':
      return [one('onceward_epochs_total')]
    case 'recalled':
      return (['recalled', 'kept', 'conflicts', 'refused'] as const).map((result) =>
        one('onceward_recalled_total', { result }, event[result]),
      )
    default:
      return []
  }
}
