export const sourceKinds = [
  'log',
  'effects',
  'requests',
  'deliveries',
  'changes',
  'alerts',
  'metrics',
  'processes',
  'ledger',
  'config',
  'code',
] as const
export type SourceKind = (typeof sourceKinds)[number]

export type SignalClass =
  | 'deterministic'
  | 'intermittent'
  | 'load-dependent'
  | 'environment-dependent'
  | 'data-dependent'

/**
 * When a signal is true, false or unknown. `false` is an absence, and counts only where sources of the kinds in `needs`
 * were supplied and cover the window; otherwise it is unknown. It is unknown, too, where the fields it looks at are
 * not mapped, or where fewer than three cases are there to judge by (unless `yes` says otherwise).
 * "Most" is at least 60 % of the duplicate references (or of the losses), "hardly any" is below 15 %; between: unknown.
 */
export interface SignalSpec {
  readonly id: string
  readonly class: SignalClass
  /** All groups must be met, each by any one of its kinds. */
  readonly needs: readonly (readonly SourceKind[])[]
  readonly yes: string
  readonly no: string
  readonly numbers?: readonly string[]
}
