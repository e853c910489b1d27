import type { ServerResponse } from 'node:http'
import type { Answer } from '../message.ts'
import { replayedHeader } from '../replayed.ts'

/** Sends a whole answer. Headers that are there already stay, unless the answer has them too. */
export function writeAnswer(response: ServerResponse, answer: Answer, isReplay = false): void {
  response.statusCode = answer.status
  const seen = new Set<string>()
  for (const [name, value] of answer.headers) {
    if (seen.has(name)) response.appendHeader(name, value)
    else response.setHeader(name, value)
    seen.add(name)
  }
  if (isReplay) response.setHeader(replayedHeader, 'true')
  response.end(answer.body)
}
