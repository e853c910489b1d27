/** A promise that a test opens when it likes, and whether somebody has come to it yet. */
export interface Gate<T> {
  /** For the one who waits. */
  pass(): Promise<T>
  open(this: void, ...value: T extends void ? [] : [T]): void
  fail(this: void, error: unknown): void
  readonly arrived: Promise<void>
}

export function gate<T = void>(): Gate<T> {
  const way = Promise.withResolvers<T>()
  const arrival = Promise.withResolvers<void>()
  // A gate may fail before anybody stands at it.
  way.promise.catch(() => undefined)
  return {
    pass: () => {
      arrival.resolve()
      return way.promise
    },
    open: (...value) => way.resolve(value[0] as T),
    fail: way.reject,
    arrived: arrival.promise,
  }
}
