import type { Random } from './random.ts'

/**
 * Names of things. Friendly ones say what they name (`order-1001`, `worker-3`); opaque ones are random, so that nothing
 * can follow from the words. The n-th thing of a kind has one name in a case.
 */
export interface Vocabulary {
  readonly isOpaque: boolean
  /** `n` counts from 1; without it the next new thing of the kind. */
  id(kind: string, n?: number): string
}

type Style = (kind: string, n: number) => string

export function vocabularyOf(random: Random, isOpaque: boolean): Vocabulary {
  const known = new Map<string, string>()
  const styles = new Map<string, Style>()
  const counts = new Map<string, number>()
  const styleOf = (kind: string): Style => {
    const found = styles.get(kind) ?? (isOpaque ? opaque(random) : friendly(random))
    styles.set(kind, found)
    return found
  }
  return {
    isOpaque,
    id: (kind, n) => {
      const number = n ?? (counts.get(kind) ?? 0) + 1
      counts.set(kind, Math.max(number, counts.get(kind) ?? 0))
      const place = `${kind} ${number}`
      const found = known.get(place) ?? styleOf(kind)(kind, number)
      known.set(place, found)
      return found
    },
  }
}

function friendly(random: Random): Style {
  const start = random.pick([0, 1000, 40_000])
  return random.pick<Style>([
    (kind, n) => `${kind}-${start + n}`,
    (kind, n) => `${kind.slice(0, 3).toUpperCase()}-${String(start + n).padStart(6, '0')}`,
    (kind, n) => `${kind}_${start + n}`,
  ])
}

/** Random, of one length and one alphabet for a kind: as hashes, UUIDs or short codes are. */
function opaque(random: Random): Style {
  const length = random.int(9, 20)
  return random.pick<Style>([
    () => random.uuid(),
    () => random.hex(length),
    () => Array.from({ length }, () => random.pick(letters)).join(''),
  ])
}

const letters = 'ABCDEFGHJKMNPQRSTVWXYZ23456789'.split('')
