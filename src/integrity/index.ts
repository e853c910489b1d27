/**
 * `onceward/integrity`: messages that cannot be cut short unnoticed. A length and a digest over the exact bytes, fields
 * that must be there, sizes that stay on a limit. Needs nothing else of the package, no ledger and no store.
 */
export { contentDigest, type HeaderReader, readContentDigest } from './content-digest.ts'
export {
  type EnvelopeOptions,
  packEnvelope,
  packEnvelopeStream,
} from './envelope.ts'
export { type EnvelopeFile, openEnvelopeFile, writeEnvelopeFile } from './envelope-file.ts'
export { frameBytes } from './frame.ts'
export {
  createIntegrity,
  type Integrity,
  type IntegrityEvents,
  type IntegrityOptions,
  type Received,
} from './integrity.ts'
export { type KnownLimit, knownLimits } from './limits.ts'
export {
  type FieldEvent,
  type MessageInfo,
  type Presence,
  type PresenceEvents,
  type PresenceOptions,
  type Present,
  requirePresent,
} from './presence.ts'
export type { FieldCounts, SizeCounts } from './presence-counts.ts'
export type { FailSafeField, FieldPath } from './presence-fields.ts'
export type { ProtoSchemaLike } from './presence-protobuf.ts'
export type {
  JsonSchemaValidator,
  PresenceSchema,
  ProtoValidator,
  StandardSchemaLike,
} from './presence-schema.ts'
export type { Flaw } from './rules.ts'
export {
  type MethodSizes,
  type SizeWatch,
  sizeWatch,
  type SizeWatchEvents,
  type SizeWatchOptions,
  type Suspicion,
  type SuspectWhy,
} from './size-watch.ts'
export type { Digest, DigestAlgorithm, Stated } from './statement.ts'
