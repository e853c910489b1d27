import type { FastifyReply } from 'fastify'
import { type ErrorWatcher, isClientStatus, isRefusal } from '../../http/index.ts'

/**
 * Tells `watcher` the first error of the handler, before Fastify does anything with it: whatever a handler throws, rejects
 * with or sends comes to `reply.send`.
 */
export function watchErrors(reply: FastifyReply, watcher: ErrorWatcher): void {
  const send = reply.send.bind(reply)
  reply.send = (payload) => {
    if (!(payload instanceof Error)) return send(payload)
    Reflect.deleteProperty(reply, 'send')
    watcher(payload, () => void reply.send(payload))
    return reply
  }
}

/** Errors made by `http-errors` or `@fastify/error` with a status of 400 to 499 are how a handler refuses. */
export function isMeantAsAnswer(error: unknown): boolean {
  if (isRefusal(error)) return true
  const { name, statusCode } = (error ?? {}) as { readonly name?: unknown; readonly statusCode?: unknown }
  return name === 'FastifyError' && isClientStatus(statusCode)
}
