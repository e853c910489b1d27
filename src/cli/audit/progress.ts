import type { Progress } from '../../reconcile/index.ts'
import { countText, shareText } from '../../reconcile/values/format.ts'
import type { StatusLine } from '../../testing/status-line.ts'

const quietMs = 1000
const tickMs = 500
const barWidth = 20

export interface ProgressLine {
  onProgress(this: void, progress: Progress): void
  close(this: void): void
}

/** Nothing for the first second; then how many rows a second, and how far it is where that is known. */
export function progressLine(line: StatusLine): ProgressLine {
  const startMs = performance.now()
  let [before, rows] = [0, 0]
  let share: number | undefined
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startMs
    if (elapsedMs < quietMs) return
    const total = before + rows
    const parts = [
      ...(share === undefined ? [] : [`${bar(share)} ${shareText(share)}`]),
      ...(total === 0
        ? []
        : [`${countText(total)} rows, ${countText(Math.round((total / elapsedMs) * 1000))} rows/s`]),
      `${Math.round(elapsedMs / 1000)} s`,
    ]
    line.show(parts.join(', '))
  }, tickMs)
  return {
    onProgress: (progress) => {
      // A second pass counts from 0 again.
      if (progress.rows < rows) before += rows
      rows = progress.rows
      share = progress.share
    },
    close: () => clearInterval(timer),
  }
}

function bar(share: number): string {
  const full = Math.round(Math.min(share, 1) * barWidth)
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`
}
