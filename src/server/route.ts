import type { Principal, Role } from './access/principal.ts'
import type { Schema } from './schema/json-schema.ts'
import type { Services } from './services.ts'

/** One route: how it is described, who may, and what it does. The OpenAPI document is made of these. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** As in OpenAPI: `/v1/entries/{ref}`. */
  readonly path: string
  readonly id: string
  readonly summary: string
  /** The least role that may. */
  readonly role: Role
  readonly params?: Readonly<Record<string, Schema>>
  readonly query?: Readonly<Record<string, Schema>>
  readonly body?: Schema
  readonly responses: Readonly<Record<number, RouteResponse>>
  handle(call: Call): Promise<Answered> | Answered
}

export interface RouteResponse {
  readonly description: string
  readonly schema?: Schema
  /** Default `application/json`. */
  readonly contentType?: string
}

/** A request that has been let in and checked. */
export interface Call {
  readonly services: Services
  readonly principal: Principal
  /** The scope that the request names, or the first one that the caller may see. */
  readonly scope: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal
}

/** A document, or a `Response` of the route's own making (a stream). */
export type Answered =
  | { readonly status?: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | Response

/** `query` and `body` have been checked by the route's schemas: this says so to the compiler. */
export function as<T>(checked: unknown): T {
  return checked as T
}
