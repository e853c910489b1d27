import { parseDictionary, serializeDictionary } from 'structured-headers'
import {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithms,
  digestBytes,
  digestOf,
  type Stated,
} from './statement.ts'

/** Gives a header's value by its lower-case name; several lines joined by `, `. */
export type HeaderReader = (name: string) => string | undefined

/** RFC 9530: `sha-256=:base64:` over the exact content, after content coding, before transfer coding. */
export function contentDigest(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha-256'): string {
  const digest = Uint8Array.from(digestOf(bytes, algorithm))
  return serializeDictionary({ [algorithm]: [digest.buffer, new Map()] })
}

/**
 * What the headers of a message state of its content: `Content-Digest`, and `Repr-Digest` where the content is the whole
 * representation (RFC 9530 sections 2 and 3), and `Content-Length`. Algorithms that are not known here are passed over, as
 * section 2 asks.
 */
export function readContentDigest(header: HeaderReader): Stated {
  const isPart = header('content-range') !== undefined
  const digests: Digest[] = []
  for (const name of isPart ? ['content-digest'] : ['content-digest', 'repr-digest']) {
    const value = header(name)
    if (value === undefined) continue
    const read = readDigests(value)
    if (read === undefined) return { kind: 'malformed', detail: `${name}: ${value.slice(0, 100)}` }
    digests.push(...read)
  }
  const length = header('content-length')
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    return { kind: 'malformed', detail: `content-length: ${length.slice(0, 100)}` }
  if (digests.length === 0) return { kind: 'none' }
  return { kind: 'stated', digests, bytes: length === undefined ? undefined : Number(length) }
}

function readDigests(value: string): Digest[] | undefined {
  try {
    const dictionary = parseDictionary(value)
    return digestAlgorithms.flatMap((algorithm) => {
      const item = dictionary.get(algorithm)
      if (item === undefined) return []
      const digest = bytesOf(item[0])
      if (digest?.byteLength !== digestBytes[algorithm]) throw new TypeError('not a digest')
      return [{ algorithm, digest }]
    })
  } catch {
    return undefined
  }
}

function bytesOf(item: unknown): Uint8Array | undefined {
  return item instanceof ArrayBuffer ? new Uint8Array(item) : undefined
}
