import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** How many versions keep their content, for those who are about to read one. */
const kept = 8

/**
 * A JSON document in a folder, shared by processes without a lock. Each change is the next version, a file of its own,
 * put in place by `link`, which fails where somebody else was there first: then the change is made anew on theirs. The
 * folder stands in for any database with a conditional write.
 */
export class VersionedFile<Content> {
  /** What it holds before the first change. */
  readonly empty: Content
  readonly #folder: string

  constructor(folder: string, empty: Content) {
    this.#folder = folder
    this.empty = empty
  }

  /** Makes the folder where there is none. */
  open(): void {
    mkdirSync(this.#folder, { recursive: true })
  }

  read(): Content {
    return this.#newest().content
  }

  /** Changes the document: what `work` made of it is on disk when this returns. `work` may be called more than once. */
  change<T>(work: (content: Content) => T): T {
    for (;;) {
      const { version, content } = this.#newest()
      const value = work(content)
      if (this.#add(version + 1, content)) return value
    }
  }

  #newest(): { readonly version: number; readonly content: Content } {
    for (;;) {
      const version = Math.max(0, ...this.#versions())
      if (version === 0) return { version, content: structuredClone(this.empty) }
      const text = readFileSync(this.#path(version), 'utf8')
      // Emptied since we looked: it is not the newest any more.
      if (text !== '') return { version, content: JSON.parse(text) as Content }
    }
  }

  #versions(): number[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => Number.parseInt(name, 10))
  }

  #path(version: number): string {
    return join(this.#folder, `${version}.json`)
  }

  /** False where that version is there already. */
  #add(version: number, content: Content): boolean {
    const draft = join(this.#folder, `${randomBytes(8).toString('hex')}.draft`)
    const file = openSync(draft, 'wx')
    try {
      writeSync(file, JSON.stringify(content))
      fsyncSync(file)
      linkSync(draft, this.#path(version))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      closeSync(file)
      unlinkSync(draft)
    }
    this.#syncFolder()
    // Emptied and not removed: whoever is far behind must still find that the version is taken.
    if (version > kept) truncateSync(this.#path(version - kept))
    return true
  }

  /** The name of a file is on disk only when its folder is. */
  #syncFolder(): void {
    const folder = openSync(this.#folder, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  }
}
