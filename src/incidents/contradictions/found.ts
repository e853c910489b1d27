import type { BundleFacts } from '../model.ts'
import type { Known, Ranking } from '../rank/rank.ts'

/** What a check looks at. */
export interface Checked {
  readonly bundle: BundleFacts
  readonly known: readonly Known[]
  readonly ranking: Ranking
}

export interface Contradicted {
  /** What the bundle says, shortened, and where. */
  readonly claim: string
  /** What stands against it. */
  readonly fact: string
  /** Where the fact comes from: a specification with its section, a manual, or `the bundle` and `arithmetic`. */
  readonly source: string
  /** Evidence of the claim, and of the fact where the bundle gives it. */
  readonly evidence: readonly string[]
}

export type Check = (checked: Checked) => readonly Contradicted[]

export function isTrue({ known }: Checked, id: string): Known | undefined {
  return known.find(({ signal, value }) => signal.id === id && value)
}

export function isFalse({ known }: Checked, id: string): Known | undefined {
  return known.find(({ signal, value }) => signal.id === id && !value)
}

/** Who says the opposite contradicts nothing. */
export const denied: RegExp = /\b(not|never|cannot|can't|isn't|doesn't|don't|unlikely|no)\b/i

/** Each line and each sentence of it. */
export function sentencesOf(text: string): readonly string[] {
  return text.split(/(?<=[.!?])\s+|\n/)
}

const longest = 160

/** The sentence of `text` that holds `at`, with the place it stands in. */
export function quote(place: string, text: string, at = 0): string {
  const from = Math.max(text.lastIndexOf('. ', at) + 1, text.lastIndexOf('\n', at) + 1, 0)
  const ends = [text.indexOf('. ', at), text.indexOf('\n', at)].filter((end) => end >= 0)
  const sentence = text
    .slice(from, Math.min(text.length, ...ends))
    .trim()
    .replace(/^[-*+] /, '')
  const short = sentence.length > longest ? `${sentence.slice(0, longest - 1).trimEnd()}…` : sentence
  return `${place}: “${short}”`
}
