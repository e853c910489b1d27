import { readContentDigest } from './content-digest.ts'
import { readEnvelope } from './envelope.ts'
import { readFrame } from './frame.ts'
import { digestOf, type Stated } from './statement.ts'

/** What is wrong with some bytes. */
export type Flaw = 'unstated' | 'malformed' | 'cut' | 'padded' | 'altered'

export type Judgement =
  | { readonly kind: 'intact' }
  /** Nothing was stated, and nothing need be. */
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'refused'; readonly why: Flaw }

/*
 * Every decision about bytes, as pure functions. They are called through `IntegrityRules`, so that a test can put one
 * broken decision in their place; nothing a user can set does.
 */
export interface IntegrityRules {
  judge: typeof judge
  readFrame: typeof readFrame
  readContentDigest: typeof readContentDigest
  readEnvelope: typeof readEnvelope
}

/**
 * Holds bytes to what their sender stated. The length comes first: it tells a cut from an alteration. A digest must be
 * there: a length alone says nothing of what the bytes are.
 */
export function judge(stated: Stated, bytes: Uint8Array, mustState: boolean): Judgement {
  if (stated.kind === 'malformed') return { kind: 'refused', why: 'malformed' }
  if (stated.kind === 'stated') {
    if (stated.bytes !== undefined && bytes.byteLength < stated.bytes) return { kind: 'refused', why: 'cut' }
    if (stated.bytes !== undefined && bytes.byteLength > stated.bytes)
      return { kind: 'refused', why: 'padded' }
    // Each one that is stated: two that disagree are no reason to pick one.
    for (const { algorithm, digest } of stated.digests) {
      if (!Buffer.from(digestOf(bytes, algorithm)).equals(digest)) return { kind: 'refused', why: 'altered' }
    }
    if (stated.digests.length > 0) return { kind: 'intact' }
  }
  return mustState ? { kind: 'refused', why: 'unstated' } : { kind: 'unchecked' }
}

export const integrityRules: IntegrityRules = { judge, readFrame, readContentDigest, readEnvelope }
