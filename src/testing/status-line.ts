/** Where people read: `process.stderr`, as a rule. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Tells a person what is going on: one line that changes in a terminal, a line every two seconds elsewhere. */
export interface StatusLine {
  /** Something that is worth a line of its own. */
  note(this: void, text: string): void
  show(this: void, text: string): void
  /** The next `show` is shown, however short ago the last one was. */
  begin(this: void): void
  /** Ends the changing line, if there is one. */
  close(this: void): void
}

const lineEveryMs = 2_000
const eraseLine = '\r\u001b[2K'

export function statusLine(terminal: Terminal): StatusLine {
  const isLive = terminal.isTTY === true
  let isOpen = false
  let nextLineAtMs = 0
  const close = (): void => {
    if (isOpen) terminal.write('\n')
    isOpen = false
  }
  return {
    note: (text) => {
      close()
      terminal.write(`${text}\n`)
    },
    show: (text) => {
      if (isLive) {
        // Some terminals do not know how wide they are, and say 0.
        terminal.write(`${eraseLine}${text.slice(0, Math.max(20, (terminal.columns || 80) - 1))}`)
        isOpen = true
      } else if (performance.now() >= nextLineAtMs) {
        terminal.write(`${text}\n`)
        nextLineAtMs = performance.now() + lineEveryMs
      }
    },
    begin: () => {
      close()
      nextLineAtMs = 0
    },
    close,
  }
}
