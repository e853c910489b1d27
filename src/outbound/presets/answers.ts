import type { TargetAnswer } from '../target.ts'

/** The one value of a header, or the first of several. */
export function headerOf({ headers }: Pick<TargetAnswer, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/** Answers that are looked into are small; a larger one is no error message. */
const maxErrorBytes = 65_536

export function textOf({ body }: Pick<TargetAnswer, 'body'>): string {
  return body.length > maxErrorBytes ? '' : new TextDecoder().decode(body)
}

/** `/v2/payments?x=1` → `/v2/payments`. */
export function pathOf({ path }: { readonly path: string }): string {
  return path.split('?', 1)[0] ?? path
}
