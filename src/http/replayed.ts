/** Set to `true` on replays, by the engine alone: a handler's is taken off, a client's is not looked at. */
export const replayedHeader = 'idempotency-replayed'
