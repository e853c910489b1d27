/**
 * Whether an error is one that its thrower means as the answer: `createError(404)` of `http-errors`, which Express, Koa
 * and Fastify share, marks what the client may see. An error that merely has a `status`, say that of a service behind, is
 * not one of them.
 */
export function isRefusal(error: unknown): boolean {
  const { expose, status } = (error ?? {}) as { readonly expose?: unknown; readonly status?: unknown }
  return expose === true && isClientStatus(status)
}

/** 400 to 499. */
export function isClientStatus(status: unknown): boolean {
  return typeof status === 'number' && status >= 400 && status < 500
}
