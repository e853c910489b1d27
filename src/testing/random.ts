/** Numbers in [0, 1) that follow from `seed` alone (mulberry32): the same seed gives the same faults on any machine. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A number in [0, 1) for one thing, whatever else was drawn before (FNV-1a over the words). */
export function seededShare(seed: number, ...words: readonly string[]): number {
  let hash = 0x811c9dc5 ^ seed
  for (const char of words.join('\n')) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return seededRandom(hash)()
}

/** `count` of the items, or all when there are fewer, each equally likely, in random order. */
export function sample<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  const pool = [...items]
  const size = Math.min(count, pool.length)
  for (let at = 0; at < size; at++) {
    const other = at + Math.floor(random() * (pool.length - at))
    const chosen = pool[other] as T
    pool[other] = pool[at] as T
    pool[at] = chosen
  }
  return pool.slice(0, size)
}
