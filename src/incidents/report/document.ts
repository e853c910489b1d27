/** A sentence, or a part of one, and the ids of the evidence that it rests on. */
export interface Cited {
  readonly text: string
  readonly cites: readonly string[]
}

export interface Bar {
  readonly id: string
  readonly title: string
  readonly probability: number
  readonly label: string
  readonly cites: readonly string[]
}

/** What a report is made of, whatever it is rendered as. */
export type Block =
  | {
      readonly kind: 'heading'
      readonly level: 1 | 2 | 3
      readonly text: Cited
      /** For looking up: a terminal leaves it out, up to the next heading of this level. */
      readonly isReference?: true
    }
  | { readonly kind: 'text'; readonly sentences: readonly Cited[] }
  | { readonly kind: 'list'; readonly items: readonly Cited[] }
  | { readonly kind: 'bars'; readonly bars: readonly Bar[] }
  /** Something to run or to look up, in its own letters. */
  | { readonly kind: 'command'; readonly text: Cited }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Cited[])[] }
  | { readonly kind: 'evidence'; readonly items: readonly EvidenceItem[] }

export interface EvidenceItem {
  readonly id: string
  readonly source: string
  readonly statement: string
  readonly query: string
}

export interface Report {
  readonly title: string
  readonly blocks: readonly Block[]
}

export function cited(text: string, cites: readonly string[] = []): Cited {
  return { text, cites: [...new Set(cites)] }
}
