import { type StatusLine, statusLine, type Terminal } from '../testing/status-line.ts'
import type { HalfProgress } from './half-context.ts'

export interface Progress extends Pick<StatusLine, 'note' | 'close'> {
  half(title: string, total: number): (progress: HalfProgress) => void
}

export function makeProgress(terminal: Terminal): Progress {
  const { note, show, begin, close } = statusLine(terminal)
  return {
    note,
    close,
    half: (title, total) => {
      begin()
      const startedAtMs = performance.now()
      return ({ accepted, ended, clientRetries, workerKills }) => {
        const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0)
        const trouble = `${clientRetries} retries, ${workerKills} workers killed`
        const settling = ended === total ? ', waiting for what is under way' : ''
        if (ended === 0) show(`${title}: starting, ${seconds} s`)
        else show(`${title}: ${accepted} of ${total} orders, ${trouble}, ${seconds} s${settling}`)
      }
    },
  }
}
