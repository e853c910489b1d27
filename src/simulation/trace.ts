/**
 * What happened in a run, line by line. The hash is over every line, whether they are kept or not: two runs with the same
 * hash went the same way.
 */
export class Trace {
  readonly lines: string[] = []
  readonly #keeps: boolean
  #high = 0x811c9dc5
  #low = 0x01000193

  constructor(keeps: boolean) {
    this.#keeps = keeps
  }

  add(atMs: number, who: string, what: string): void {
    this.#mix(atMs)
    this.#text(who)
    this.#text(what)
    if (this.#keeps) this.lines.push(`${seconds(atMs)} ${who.padEnd(6)} ${what}`)
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, '0')
    return `${hex(this.#high)}${hex(this.#low)}`
  }

  /** FNV-1a twice, with two offsets. */
  #mix(code: number): void {
    this.#high = Math.imul(this.#high ^ code, 0x01000193)
    this.#low = Math.imul(this.#low ^ code, 0x85ebca6b) ^ (this.#low >>> 13)
  }

  #text(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.#mix(text.charCodeAt(at))
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(8)}s`
}

const poll = /^(.{11}\S+ +)([→←]) store read (\S+)(.*)$/

/** The lines without what says the same again: who waits looks at a row many times over. */
export function withoutPolls(lines: readonly string[]): readonly string[] {
  const shown: string[] = []
  /** By who looks at which row: what was seen last. */
  const seen = new Map<string, string>()
  for (const line of lines) {
    const [, , way, row, answer] = poll.exec(line) ?? []
    const who = line.slice(11, 18).trim()
    if (way === undefined) {
      if (!line.includes(' db '))
        for (const key of seen.keys()) if (key.startsWith(`${who} `)) seen.delete(key)
      shown.push(line)
      continue
    }
    const key = `${who} ${row} ${way}`
    if (seen.get(key) !== answer) shown.push(line)
    seen.set(key, answer ?? '')
  }
  return shown
}
