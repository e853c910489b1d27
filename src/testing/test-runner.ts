/** The two functions that vitest, `node:test`, mocha, jest and others share. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown
  it(title: string, body: () => Promise<void>): unknown
}

/** The body of a test that runs, or is skipped and says why. */
export function testBody(reason: string | undefined, run: () => Promise<void>): () => Promise<void> {
  // Rest arguments keep the function's length 0: mocha and jest take a declared parameter for a callback. vitest and
  // node:test pass their context as the first argument, mocha has it as `this`.
  return async function body(this: unknown, ...args: readonly unknown[]): Promise<void> {
    if (reason === undefined) return run()
    const skippable = [args[0], this].find(canSkip)
    skippable?.skip(reason)
  }
}

/** vitest's context is a function with methods, the others' are objects. */
function canSkip(context: unknown): context is { skip(note: string): void } {
  const isHolder = (typeof context === 'object' && context !== null) || typeof context === 'function'
  return isHolder && 'skip' in context && typeof context.skip === 'function'
}
