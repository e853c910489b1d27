import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new empty directory, removed when the test (or, in a hook, whoever calls `remove`) is done. */
export function makeTemporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'onceward-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
}

/** Inside a test: a new empty directory, removed when the test is done. */
export function temporaryDirectory(): string {
  const directory = makeTemporaryDirectory()
  onTestFinished(() => directory.remove())
  return directory.path
}
