import type { ProxiedRequest } from './requests.ts'

/** What a client sent, cut into pieces: a request is passed on whole, everything else as it comes. */
export interface Piece {
  readonly bytes: Buffer
  readonly request?: ProxiedRequest
}

export interface ReplyPiece {
  readonly bytes: Buffer
  /** Part of the reply to the oldest request without one; false for greetings, notices and interim answers. */
  readonly isReply: boolean
  /** By now the server has done what it was asked for. */
  readonly endsReply: boolean
}

/** Reads one connection in both directions. */
export interface Framing {
  readonly protocol: ProxiedRequest['protocol']
  fromClient(chunk: Buffer): readonly Piece[]
  fromServer(chunk: Buffer): readonly ReplyPiece[]
}
