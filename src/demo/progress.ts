import type { HalfProgress } from './half-context.ts'

/** Tells a person what is going on: one line that changes in a terminal, a line every two seconds elsewhere. */
export interface Progress {
  /** Something that is worth a line of its own. */
  note(text: string): void
  half(title: string, total: number): (progress: HalfProgress) => void
  /** Ends the changing line, if there is one. */
  close(): void
}

export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const lineEveryMs = 2_000
const eraseLine = '\r\u001b[2K'

export function makeProgress(terminal: Terminal): Progress {
  const isLive = terminal.isTTY === true
  let isOpen = false
  let nextLineAtMs = 0
  const close = (): void => {
    if (isOpen) terminal.write('\n')
    isOpen = false
  }
  const show = (text: string): void => {
    if (isLive) {
      // Some terminals do not know how wide they are, and say 0.
      terminal.write(`${eraseLine}${text.slice(0, Math.max(20, (terminal.columns || 80) - 1))}`)
      isOpen = true
    } else if (performance.now() >= nextLineAtMs) {
      terminal.write(`${text}\n`)
      nextLineAtMs = performance.now() + lineEveryMs
    }
  }
  return {
    note: (text) => {
      close()
      terminal.write(`${text}\n`)
    },
    half: (title, total) => {
      close()
      nextLineAtMs = 0
      const startedAtMs = performance.now()
      return ({ accepted, ended, clientRetries, workerKills }) => {
        const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0)
        const trouble = `${clientRetries} retries, ${workerKills} workers killed`
        const settling = ended === total ? ', waiting for what is under way' : ''
        if (ended === 0) show(`${title}: starting, ${seconds} s`)
        else show(`${title}: ${accepted} of ${total} orders, ${trouble}, ${seconds} s${settling}`)
      }
    },
    close,
  }
}
