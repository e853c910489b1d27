import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Chunk, ChunkReport } from './campaign.ts'

/** This checkout runs TypeScript as it is, the published package runs what was made of it. */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/**
 * Shares chunks out among threads, one for each core, as long as `next` has one. Ends early, with all threads gone, when
 * `signal` aborts; rejects where a thread fails.
 */
export async function inThreads(
  next: () => Chunk | undefined,
  onReport: (report: ChunkReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const count = Math.max(1, availableParallelism())
  await Promise.all(Array.from({ length: count }, () => oneThread(next, onReport, signal)))
}

function oneThread(
  next: () => Chunk | undefined,
  onReport: (report: ChunkReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const first = signal.aborted ? undefined : next()
  if (first === undefined) return Promise.resolve()
  // Runs leave much behind that is soon forgotten: room for it spares a tenth of the time.
  const thread = new Worker(new URL(`./thread${extension}`, import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  })
  const done = new Promise<void>((resolve, reject) => {
    thread.on('error', reject)
    thread.on('message', (report: ChunkReport) => {
      onReport(report)
      const chunk = signal.aborted ? undefined : next()
      if (chunk === undefined) resolve()
      else thread.postMessage(chunk)
    })
    signal.addEventListener('abort', () => resolve(), { once: true })
    thread.postMessage(first)
  })
  return done.finally(() => {
    void thread.terminate()
  })
}
