/**
 * What the fault peer does with one arrival of an intent. `acted-` means that the effect happens first, everything else
 * but `ok`, `slow`, `late` and `forgets` that it does not happen. The sender never knows which it was.
 */
export const faults = [
  /** Acts, or knows the key again, and answers. */
  'ok',
  /** The same, after a moment. */
  'slow',
  /** Acts when the sender has given up waiting, and answers nobody. */
  'late',
  /** Never answers. */
  'silent',
  'acted-silent',
  /** RST: as soon as the head has come, or when the whole request has been read. */
  'reset-early',
  'reset',
  'acted-reset',
  /** FIN, without an answer. */
  'drop',
  'acted-drop',
  /** Half an answer: a head that promises more than comes. */
  'acted-truncated',
  '429',
  '503',
  'acted-503',
  '500',
  'acted-500',
  /** Acts, and says 503 with a Retry-After that is longer than it remembers keys. */
  'forgets',
  /** The request is not understood: a definite no. */
  '400',
] as const

export type Fault = (typeof faults)[number]

/** The header with what is to happen at the first arrival of an intent, at the second and so on; `ok` after that. */
export const faultsHeader = 'x-faults'
/** The header that says how the peer takes keys. */
export const peerHeader = 'x-peer'

/** How a peer answers a key that it knows: as the first time, or with 409 and the first result. `blind` knows none. */
export type PeerKind = 'replays' | 'conflicts' | 'blind'

/** The wait that `forgets` asks for, and how long the peer remembers the key from then on, by default for ever. */
export const forgottenAfterSeconds = 3
/** For the client that must not come back: nearly as long as it was told. For one that does: surely over by then. */
export const remembersMs = { nearly: 2_900, briefly: 1_600 } as const
