import { randomUUID } from 'node:crypto'

/** A body with `{{uuid}}` and `{{n}}` in it, which are other ones in each payload. */
export interface BodyTemplate {
  readonly text: string
  readonly contentType: string
}

/** One body that can be told from all others. */
export interface Payload {
  /** A random UUID: what `{{uuid}}` stands for in this payload, and in the count URL and path that look for it. */
  readonly uuid: string
  /** What `{{n}}` stands for: 1, 2, 3, … within a run, beginning anywhere. */
  readonly n: number
  readonly body: Buffer
}

export const defaultTemplate: BodyTemplate = {
  text: '{"reference":"{{uuid}}"}',
  contentType: 'application/json',
}

export function fill(text: string, { uuid, n }: Pick<Payload, 'uuid' | 'n'>): string {
  return text.replaceAll('{{uuid}}', uuid).replaceAll('{{n}}', String(n))
}

export function hasPlaceholder(text: string): boolean {
  return text.includes('{{uuid}}') || text.includes('{{n}}')
}

/** Makes payload after payload. Numbers begin with the time, so that those of two runs do not meet. */
export function payloads(): (template: BodyTemplate) => Payload {
  let n = Math.floor(Date.now() / 1000) % 1_000_000_000
  return ({ text }) => {
    n += 1
    const uuid = randomUUID()
    return { uuid, n, body: Buffer.from(fill(text, { uuid, n })) }
  }
}

/** Another body for the same template; for one without placeholders, with its first number or text changed. */
export function differingTemplate(template: BodyTemplate): BodyTemplate | undefined {
  if (hasPlaceholder(template.text)) return template
  try {
    const value: unknown = JSON.parse(template.text)
    const changed = withOtherNumber(value)
    return changed === undefined ? undefined : { ...template, text: JSON.stringify(changed) }
  } catch {
    return undefined
  }
}

/** A number is changed, since another text is more likely to be refused for what it says. */
function withOtherNumber(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const changed = withOtherNumber(item)
      if (changed !== undefined) return value.with(index, changed)
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, member] of Object.entries(value)) {
    const changed = withOtherNumber(member)
    if (changed !== undefined) return { ...value, [name]: changed }
  }
  return undefined
}
