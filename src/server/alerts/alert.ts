/** What somebody should hear of. */
export type AlertKind = 'in-doubt' | 'twins' | 'reconciliation'

export const alertKinds: readonly AlertKind[] = ['in-doubt', 'twins', 'reconciliation']

export interface Alert {
  readonly kind: AlertKind
  readonly scope: string
  readonly severity: 'critical' | 'warning'
  /** One line. */
  readonly title: string
  /** What is known, and what to do: plain text. */
  readonly text: string
  /** RFC 3339. */
  readonly at: string
}

/** Where alerts are sent. Addresses that are secrets come from the environment. */
export type Channel = {
  readonly name: string
  /** Kinds that it hears of. */
  readonly on: readonly AlertKind[]
} & (
  | {
      readonly kind: 'webhook'
      readonly url: string
      readonly deduplicates: boolean
      readonly token?: string
    }
  | { readonly kind: 'slack'; readonly url: string }
  | { readonly kind: 'pagerduty'; readonly url: string; readonly routingKey: string }
  | {
      readonly kind: 'email'
      readonly smtpUrl: string
      readonly from: string
      readonly to: readonly string[]
    }
)

export interface AlertsConfig {
  readonly everyMs: number
  /** A doubt is told of when nobody has decided it for so long. */
  readonly inDoubtAfterMs: number
  readonly channels: readonly Channel[]
}
