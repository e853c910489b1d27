import { hash } from 'node:crypto'

/** The digest algorithms that RFC 9530 section 5 calls active. */
export const digestAlgorithms = ['sha-256', 'sha-512'] as const
export type DigestAlgorithm = (typeof digestAlgorithms)[number]

/** Length of a digest. */
export const digestBytes: Readonly<Record<DigestAlgorithm, number>> = { 'sha-256': 32, 'sha-512': 64 }

/** Node's names of the algorithms. */
export const nodeNames: Readonly<Record<DigestAlgorithm, string>> = {
  'sha-256': 'sha256',
  'sha-512': 'sha512',
}

export interface Digest {
  readonly algorithm: DigestAlgorithm
  readonly digest: Uint8Array
}

/** What the sender of some bytes says of them. */
export type Stated =
  | { readonly kind: 'none' }
  /** There is something that means to be a statement and cannot be read. */
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'stated'; readonly bytes?: number | undefined; readonly digests: readonly Digest[] }

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm): Uint8Array {
  return hash(nodeNames[algorithm], bytes, 'buffer')
}
