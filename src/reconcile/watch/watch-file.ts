import { open, stat } from 'node:fs/promises'
import { OncewardError } from '../../kernel/errors.ts'
import { timestamp } from '../../kernel/time.ts'
import type { Plan } from '../audit/plan.ts'
import { examineFile, type TextFile } from '../sources/examine.ts'
import { rowsIn } from '../sources/node-files.ts'
import type { Source, SourceOptions } from '../sources/source.ts'
import type { WatchEvent } from './events.ts'
import { isAborted, pause } from './pause.ts'
import { RefMemory } from './ref-memory.ts'

interface FileWatch {
  readonly opened: Source
  readonly plan: Plan
  readonly path: string
  readonly everyMs: number
  readonly maxRefs: number
  readonly sourceOptions: SourceOptions
  readonly signal?: AbortSignal
}

const readBytes = 1 << 18

/** Reads what is there, then what is written behind it. A file that is replaced or cut is read from its start. */
export async function* watchFile(watch: FileWatch): AsyncGenerator<WatchEvent, void, undefined> {
  const memory = new RefMemory(watch)
  let file = await plainFile(watch)
  let isFirst = true
  for (;;) {
    // What stands in a file that replaces another is new.
    const following = { isLive: !isFirst }
    for await (const event of eventsOf(file, watch, { memory, following })) {
      if (event.kind !== 'ready' || isFirst) yield event
      isFirst = false
    }
    if (isAborted(watch.signal)) return
    yield { kind: 'note', text: `${watch.opened.name} was replaced or cut; reading it from its start.` }
    file = await plainFile(watch)
  }
}

async function plainFile({ path, sourceOptions }: FileWatch): Promise<TextFile> {
  const file = await examineFile(path, sourceOptions)
  if (file.kind === 'text' && file.compression === 'none') return file
  throw new OncewardError(
    'OPTION_INVALID',
    `SOURCE must be a plain CSV or JSONL file with --watch, got ${JSON.stringify(path)}.`,
  )
}

interface Following {
  /** What is read now was not there at the start. */
  isLive: boolean
}

async function* eventsOf(
  file: TextFile,
  watch: FileWatch,
  { memory, following }: { memory: RefMemory; following: Following },
): AsyncGenerator<WatchEvent, void, undefined> {
  const { plan, opened } = watch
  const wasLive = following.isLive
  let isReady = false
  const bytes = follow(watch, following)
  for await (const rows of rowsIn(file, [...plan.roles.ref, ...plan.columns], {
    bytes,
    isLive: true,
    onReject: () => undefined,
  })) {
    const groups = memory.add(rows)
    if (following.isLive && !isReady && !wasLive)
      yield { kind: 'ready', source: opened.name, duplicateRefs: memory.duplicateRefs, notes: plan.notes }
    isReady ||= following.isLive
    if (!following.isLive) continue
    for (const group of groups)
      yield { kind: 'alert', source: opened.name, group, seenAt: timestamp(Date.now()) }
  }
}

/** The bytes of a file, and those that come; ends when it is another file, or shorter than it was. */
async function* follow(watch: FileWatch, following: Following): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, signal, everyMs } = watch
  const handle = await open(path)
  try {
    const { ino, size: sizeAtStart } = await handle.stat()
    let offset = 0
    while (!isAborted(signal)) {
      const wanted = following.isLive ? readBytes : Math.min(readBytes, sizeAtStart - offset)
      const { bytesRead, buffer } = await handle.read(
        Buffer.alloc(Math.max(wanted, 0)),
        0,
        Math.max(wanted, 0),
        offset,
      )
      offset += bytesRead
      if (bytesRead > 0) {
        yield buffer.subarray(0, bytesRead)
      } else if (following.isLive) {
        const now = await stat(path).catch(() => undefined)
        if (now !== undefined && (now.ino !== ino || now.size < offset)) return
        await pause(everyMs, signal)
      } else {
        following.isLive = true
        // Nothing new, but whoever reads learns that it is all there was.
        yield Buffer.alloc(0)
      }
    }
  } finally {
    await handle.close()
  }
}
