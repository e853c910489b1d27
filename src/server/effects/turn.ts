let turn: Promise<void> | undefined

/**
 * Resolves when the event loop has looked at every socket that has something: whoever waits goes on together, so that
 * the ledger writes their claims, and their outcomes, in one batch. A fraction of a millisecond for the one, and half of the
 * writes for many.
 */
export function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined
      resolve()
    })
  })
  return turn
}
