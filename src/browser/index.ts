/**
 * `onceward/browser`: in a page, one key for each intent, kept until its answer is final. It talks to any server that
 * knows `Idempotency-Key`; `onceward/http` is one.
 */
export { type GuardedState, type GuardOptions, type GuardState, guardSubmit } from './guard-submit.ts'
export { endIntent, type Intent, openIntent } from './intent.ts'
export { keyedFetch, type KeyedInit } from './keyed-fetch.ts'
