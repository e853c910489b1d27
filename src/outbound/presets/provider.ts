import type { TargetProfile, TargetSource } from '../target.ts'

/** A page that a preset goes by. */
export interface ProviderSource extends TargetSource {
  /** Of the document. */
  readonly title: string
  /** When the stored copy of the page was looked up, `2026-11-27`; the page itself may have changed since. */
  readonly read: string
}

/**
 * A target profile with what its provider's documents say, for people: `docs/reference/providers.md` is made of it.
 * What no document was found for says so (`not found`), and is never assumed in the caller's favour.
 */
export interface Provider extends TargetProfile {
  /** As people write it: `PayPal`. */
  readonly title: string
  readonly documented: {
    /** Which calls the key works for; `nothing` where it works for none. */
    readonly honoured: string
    /** How long a key is remembered, in the provider's words. */
    readonly lifetime: string
    /** Length and characters of a key, in the provider's words. */
    readonly keyForm: string
    /** What a repeated key is answered: in flight, done, and with another request. */
    readonly duplicates: string
    /** What the provider says of when to try again. */
    readonly retries: string
  }
  readonly sources: readonly ProviderSource[]
}
