/** Registers what is to be ended when the work is over. */
export type OnEnd = (clean: () => Promise<void> | void) => void

/**
 * Runs `work`, and then ends what it has started, the last first, whether it came to its end, failed, or was aborted:
 * then this rejects with the reason at once, and what is still at work fails as soon as its processes are gone.
 */
export async function untilAborted<T>(
  signal: AbortSignal | undefined,
  work: (onEnd: OnEnd) => Promise<T>,
): Promise<T> {
  const endings: (() => Promise<void> | void)[] = []
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const onAbort = (): void => aborted.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  const working = work((clean) => void endings.push(clean))
  let value: T
  try {
    value = await Promise.race([working, aborted.promise])
  } catch (error) {
    working.catch(() => undefined)
    // What failed first is what is to be told.
    await endAll(endings).catch(() => undefined)
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  await endAll(endings)
  return value
}

/** All of them, whatever fails. */
async function endAll(endings: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = []
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) {
    try {
      await end()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
