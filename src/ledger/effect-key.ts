import { sha256Hex, uuidOf } from '../kernel/ids.ts'

export interface EffectKeySource {
  readonly scope: string
  readonly operation: string
  /** Encoded. */
  readonly key: string
  readonly step?: string | undefined
  readonly round: number
}

/** Rule 6: derived from identity, step and round alone, so that every takeover sends the same one. */
export function effectKeyOf(source: EffectKeySource): string {
  const { scope, operation, key, step, round } = source
  return uuidOf(sha256Hex('onceward.effect.1', scope, operation, key, step ?? '', String(round)))
}
