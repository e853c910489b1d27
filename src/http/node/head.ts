import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { HeaderPairs } from '../message.ts'
import { replayedHeader } from '../replayed.ts'
import { headersSentUnseen } from './captive.ts'

/** Gives the response a head of its own that is never sent: the real one is, and would throw at whoever still sets it. */
export function detachHead(response: ServerResponse, headers: HeaderPairs): void {
  const unsent = new ServerResponse(response.req)
  for (const [name, value] of headers) unsent.appendHeader(name, value)
  for (const name of headMethods) {
    const method = unsent[name] as (...args: unknown[]) => unknown
    const value = (...args: unknown[]): unknown => {
      const result = method.apply(unsent, args)
      return result === unsent ? response : result
    }
    Object.defineProperty(response, name, { value, configurable: true, writable: true })
  }
  Object.defineProperty(response, 'headersSent', headersSentUnseen)
}

const headMethods = [
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
  'getHeader',
  'getHeaders',
  'getHeaderNames',
  'hasHeader',
] as const

/** A copy, checked as `setHeader` does it: what is wrong has to be told to who writes it, not to who sends it later. */
export function checkedHeaders(given: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const name of Object.keys(given)) {
    const value = given[name]
    if (value === undefined) continue
    validateHeaderName(name)
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, one as string)
    if (name.toLowerCase() !== replayedHeader) headers[name] = value
  }
  return headers
}

/** Names in lower case, values as text. */
export function pairsOf(headers: OutgoingHttpHeaders): HeaderPairs {
  const pairs: [string, string][] = []
  for (const name in headers) {
    const value = headers[name]
    const lower = name.toLowerCase()
    if (Array.isArray(value)) for (const one of value) pairs.push([lower, one])
    else if (value !== undefined) pairs.push([lower, String(value)])
  }
  return pairs
}

/** The headers of `writeHead`: an object, or a flat list of names and values. */
export function setHeaders(
  response: ServerResponse,
  headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
): void {
  if (headers === undefined) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value)
    }
    return
  }
  const flat = headers.flat() as OutgoingHttpHeader[]
  for (let at = 0; at + 1 < flat.length; at += 2) response.removeHeader(String(flat[at]))
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const value = flat[at + 1] as OutgoingHttpHeader
    response.appendHeader(String(flat[at]), Array.isArray(value) ? value : String(value))
  }
}
