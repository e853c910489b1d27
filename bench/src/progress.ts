/** Progress and remarks go to standard error; standard output holds the results alone. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** 18900 → 18,900; 7.25 → 7.3. */
export function count(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 ? value.toFixed(0) : value.toFixed(1)
}

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
