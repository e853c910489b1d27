/** What is looked at of node's `IncomingMessage`. Described, so that who uses fetch alone needs no types of node. */
export interface NodeRequestLike {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: object
}

/** What is looked at of node's `ServerResponse`. */
export interface NodeResponseLike {
  readonly headersSent: boolean
}
