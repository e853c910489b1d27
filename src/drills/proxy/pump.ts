import type { Socket } from 'node:net'

/** What a way through the proxy is like at present. */
export interface Conditions {
  /** Added to everything that passes, in each direction. */
  readonly latencyMs: number
  /** In each direction of each connection; infinite where nothing limits it. */
  readonly bytesPerSecond: number
  readonly isStalled: boolean
}

type Item = Uint8Array | 'end' | 'reset'

/** More than this under way, and the sender is made to wait. */
const highWaterBytes = 1024 * 1024
/** A limited way passes so many pieces a second. */
const piecesPerSecond = 50

/**
 * One direction of one connection: everything that goes into it comes out in order, under the conditions of the moment
 * at which it would. The end of a connection travels like bytes do: who is cut off hears of nothing.
 */
export class Pump {
  readonly #from: Socket
  readonly #to: Socket
  readonly #conditions: () => Conditions
  #queue: { item: Item; readonly atMs: number }[] = []
  #bytes = 0
  #nextAtMs = 0
  #timer: NodeJS.Timeout | undefined
  #isBlocked = false

  constructor(from: Socket, to: Socket, conditions: () => Conditions) {
    this.#from = from
    this.#to = to
    this.#conditions = conditions
    to.on('drain', () => {
      this.#isBlocked = false
      this.flush()
    })
  }

  push(item: Item): void {
    this.#queue.push({ item, atMs: performance.now() })
    if (typeof item !== 'string') this.#bytes += item.length
    if (this.#bytes > highWaterBytes) this.#from.pause()
    this.flush()
  }

  /** Lets go of what may go now; called again when the conditions have changed. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (let first = this.#queue[0]; first !== undefined && !this.#isBlocked; first = this.#queue[0]) {
      const { latencyMs, isStalled } = this.#conditions()
      if (isStalled) return
      const waitMs = Math.max(first.atMs + latencyMs, this.#nextAtMs) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.flush(), waitMs)
        return
      }
      this.#pass(first)
    }
  }

  /** Whatever is still under way is lost. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#queue = []
    this.#isBlocked = true
  }

  #pass(first: { item: Item }): void {
    const { item } = first
    if (typeof item === 'string') {
      this.#queue.shift()
      if (item === 'end') this.#to.end()
      else this.#to.resetAndDestroy()
      return
    }
    const { bytesPerSecond } = this.#conditions()
    const piece = item.subarray(0, Math.max(1, Math.ceil(bytesPerSecond / piecesPerSecond)))
    if (piece.length === item.length) this.#queue.shift()
    else first.item = item.subarray(piece.length)
    this.#bytes -= piece.length
    this.#nextAtMs = performance.now() + (piece.length / bytesPerSecond) * 1000
    if (this.#to.writable && !this.#to.write(piece)) this.#isBlocked = true
    if (this.#bytes <= highWaterBytes) this.#from.resume()
  }
}
