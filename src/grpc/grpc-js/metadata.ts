import type { HeaderPairs } from '../../http/index.ts'
import type { GrpcMetadata } from './types.ts'

/** All values of a name, joined; those of `-bin` names as base64. */
export function textOf(metadata: GrpcMetadata, name: string): string | undefined {
  const values = metadata.get(name)
  return values.length === 0 ? undefined : values.map(valueText).join(', ')
}

export function pairsOf(metadata: GrpcMetadata | null | undefined): HeaderPairs {
  if (metadata === null || metadata === undefined) return []
  return Object.keys(metadata.getMap()).flatMap((name) =>
    metadata.get(name).map((value) => [name, valueText(value)] as const),
  )
}

/** Metadata of the class of `like`: the library's own, of whatever copy of it is in use. */
export function metadataOf(pairs: HeaderPairs, like: GrpcMetadata): GrpcMetadata {
  const metadata = new (like.constructor as new () => GrpcMetadata)()
  for (const [name, value] of pairs)
    metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
  return metadata
}

function valueText(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString('base64')
}
