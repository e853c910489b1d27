import { type Content, toyFile, toyStore } from '../../examples/toy-store/toy-store.ts'
import { VersionedFile } from '../../examples/toy-store/versioned-file.ts'
import type { Store } from '../../src/store.ts'

/** Long enough for a process to be killed in. */
const flushAfterMs = 2_000

/** A broken file: it says that a change is on disk when it is in memory, and writes it later. */
class WriteBehindFile extends VersionedFile<Content> {
  #unwritten: Content | undefined

  override read(): Content {
    return structuredClone(this.#unwritten ?? super.read())
  }

  override change<T>(work: (content: Content) => T): T {
    const content = this.read()
    const value = work(content)
    if (this.#unwritten === undefined) setTimeout(() => this.#flush(), flushAfterMs).unref()
    this.#unwritten = content
    return value
  }

  #flush(): void {
    const unwritten = this.#unwritten
    this.#unwritten = undefined
    super.change((content) => void Object.assign(content, unwritten))
  }
}

/** The toy store on such a file. Within one process and one life of it nobody can tell. */
export function openStore(place: string): Store {
  const file = new WriteBehindFile(place, toyFile(place).empty)
  return toyStore(place, file)
}
