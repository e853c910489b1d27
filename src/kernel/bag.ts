/** What a `Bag` keeps: it remembers where; -1 where it is in none. */
export interface Placed {
  place: number
}

/**
 * Things that come and go, in no order. No Set and no Map: the tables that these leave behind when they grow or shrink
 * refer to each other, so that one that has grown old keeps alive much of what has long been removed.
 */
export class Bag<T extends Placed> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  add(item: T): void {
    item.place = this.#items.push(item) - 1
  }

  /** False where it was not in it. */
  remove(item: T): boolean {
    const { place } = item
    if (place < 0) return false
    item.place = -1
    const last = this.#items.pop() as T
    if (last === item) return true
    this.#items[place] = last
    last.place = place
    return true
  }

  /** A copy: whoever goes through it may remove some. */
  all(): readonly T[] {
    return this.#items.slice()
  }
}
