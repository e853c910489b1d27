import { has, same } from '../assert.ts'
import type { Received } from './client.ts'

/** The answer is a problem of this type and status, with a link to its documentation. */
export function isProblem(received: Received, status: number, type: string): void {
  same(received.status, status, `the answer is ${type}: ${received.text.slice(0, 200)}`)
  same(received.headers['content-type'], 'application/problem+json', 'a refusal is application/problem+json')
  const body = JSON.parse(received.text) as { readonly type: string; readonly status: number }
  same(body.type.split('#')[1], type, 'the problem names its type')
  same(body.status, status, 'the problem repeats its status')
  const isLinked = received.headers.link?.includes(`<${body.type}>; rel="describedby"`) === true
  same(isLinked, true, 'a refusal links to its documentation')
}

/** The answer is the replay of `first`, byte for byte, and says so. */
export function isReplayOf(received: Received, first: Received): void {
  has(received, { status: first.status, text: first.text }, 'a replay is what the first was answered')
  same(received.body, first.body, 'a replay has the same bytes')
  same(received.headers['content-type'], first.headers['content-type'], 'a replay has the same type')
  same(received.headers['idempotency-replayed'], 'true', 'a replay says that it is one')
}

/** The answer is the handler's own. */
export function isFirst(received: Received, status = 201): void {
  same(received.status, status, `the handler's answer arrives: ${received.text.slice(0, 200)}`)
  same(received.headers['idempotency-replayed'], undefined, 'a first answer does not call itself a replay')
}
