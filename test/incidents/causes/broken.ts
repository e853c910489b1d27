/** True where a sentence does not hold: what a mutant has to come to. */
export function isBroken(sentence: () => void): boolean {
  try {
    sentence()
    return false
  } catch {
    return true
  }
}
