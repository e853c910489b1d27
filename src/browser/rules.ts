/* Every decision of this room, pure. None of them touches the page, so a test can ask them anywhere. */

/** Answers that say "later" or "not yet known": the server may still carry the request out, or has not looked at it. */
const open = [408, 409, 425, 429]
const retried = [408, 425, 429, 500, 502, 503, 504]

/**
 * Whether an answer says what became of the request for good, so that its key may be let go. Of 409s only Onceward's
 * own `failed` does: any other may be a request in flight or in doubt. `link` is the header of that name.
 */
export function isFinalStatus(status: number, link: string | null): boolean {
  if (status === 409) return /#failed>/.test(link ?? '')
  return status > 199 && status < 500 && !open.includes(status)
}

/** Whether the same request may bring a better answer by itself. A 409 must say when: else it waits for a person. */
export function isRetriedStatus(status: number, retryAfter: string | null): boolean {
  return status === 409 ? retryAfter !== null : retried.includes(status)
}

/**
 * How long the server wants to be left alone, in ms (RFC 9110 §10.2.3: seconds, or a date). A date is read by the
 * server's own clock (`date` is its header of that name), because the user's may be minutes off.
 */
export function retryAfterMs(value: string | null, date: string | null, nowMs: number): number {
  const seconds = Number(value)
  const ms = seconds >= 0 ? seconds * 1000 : Date.parse(String(value)) - (Date.parse(String(date)) || nowMs)
  return ms > 0 ? ms : 0
}

/** Full jitter on a doubling delay, on top of what the server wants: never before it, and not all at that moment. */
export function waitMs(triesMade: number, afterMs: number, random: number): number {
  return afterMs + random * Math.min(20_000, 250 * 2 ** triesMade)
}

/** Whether a page loaded in this way (`PerformanceNavigationTiming.type`) is the one that was there before. */
export function isSameOpening(navigationType: string | undefined): boolean {
  return navigationType === 'reload' || navigationType === 'back_forward'
}
