import { type Manifest, readManifest } from '../../../src/incidents/bundle/manifest.ts'

/** A manifest of an hour, with some lines of YAML more. */
export function manifestWith(more = ''): Manifest {
  return readManifest(`onceward: incident/v1
id: I
title: T
window: { from: 2026-01-01T00:00:00Z, to: 2026-01-01T01:00:00Z }
${more}`)
}
