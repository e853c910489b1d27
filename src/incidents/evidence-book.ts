import type { Evidence } from './model.ts'
import type { Found } from './signals/material.ts'

export interface EvidenceBook {
  /** The id of this evidence; what was said before keeps its id. */
  add(this: void, found: Found): string
  read(this: void): readonly Evidence[]
}

export function evidenceBook(): EvidenceBook {
  const all: Evidence[] = []
  const ids = new Map<string, string>()
  return {
    add: (found) => {
      const key = JSON.stringify([found.source, found.statement, found.query])
      const known = ids.get(key)
      if (known !== undefined) return known
      const id = `E${all.length + 1}`
      ids.set(key, id)
      all.push({ id, ...found })
      return id
    },
    read: () => all,
  }
}
