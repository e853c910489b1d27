import type { OncewardEvent } from '../../ledger/events.ts'
import { timestamp } from '../../kernel/time.ts'
import { decodeKey } from '../../ledger/key.ts'

/*
 * Where workers leave what they did, in the records of their store (docs/decisions/065):
 * counts by minute and worker, hours made of those, events of the last minute, and what is notable of an entry.
 */

export const minuteMs = 60_000
export const hourMs: number = 60 * minuteMs
export const dayMs: number = 24 * hourMs

export const minutesStream = (scope: string): string => `activity-minutes/${scope}`
export const hoursStream = (scope: string): string => `activity-hours/${scope}`
export const feedStream = (scope: string): string => `activity-feed/${scope}`
/** One stream a day, so that a day can be forgotten whole; within it by entry. */
export const historyStream = (scope: string, atMs: number): string =>
  `activity-history/${timestamp(atMs).slice(0, 10)}/${scope}`

/** Unstable keys, newest first by their ids. */
export const twinsStream = (scope: string): string => `activity-twins/${scope}`

/** `2026-11-27T12:34`. Sorted as time is. */
export const minuteId = (atMs: number): string => timestamp(atMs).slice(0, 16)
export const hourId = (atMs: number): string => timestamp(atMs).slice(0, 13)

/** An event as it is kept and sent. */
export type KeptEvent = Readonly<Record<string, unknown>> & {
  readonly type: string
  readonly atUs: number
  readonly worker: string
  readonly ref: string
}

/** With the key as people and receipts have it. */
export function keptEvent(event: OncewardEvent): KeptEvent {
  return { ...event, key: decodeKey(event.key) }
}
