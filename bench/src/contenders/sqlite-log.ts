import { closeSync, openSync, readSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const frameHeaderBytes = 24
const pageBytes = 4096

/** Counts what is written to a database's write-ahead log. */
export class SqliteLog {
  readonly #path: string
  #reader: DatabaseSync | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** While a reader holds a snapshot, SQLite starts its log over once at most, so that its end tells what was written. */
  pin(): void {
    this.#reader = new DatabaseSync(this.#path)
    this.#reader.exec('BEGIN')
    this.#reader.prepare('SELECT count(*) FROM sqlite_schema').get()
  }

  /** The file's size says nothing, since it is written over from its start; the index beside it has the number of frames. */
  bytes(): number {
    const index = openSync(`${this.#path}-shm`, 'r')
    const header = Buffer.alloc(20)
    readSync(index, header, 0, header.length, 0)
    closeSync(index)
    const frames = header.readUInt32LE(16)
    return frames * (frameHeaderBytes + pageBytes)
  }

  close(): void {
    this.#reader?.close()
  }
}
