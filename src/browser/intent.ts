import { isSameOpening } from './rules.ts'

/** One wish of the user for an effect, from the moment at which it begins: a form opened, a checkout started. */
export interface Intent {
  readonly name: string
  /** The same on every try, until `renew`. */
  readonly key: string
  /** False where the browser refuses storage: the key lives in memory, and a reload begins another intent. */
  readonly isKept: boolean
  /** The answer was final. The key stays what it is, so that a repetition still gets the first answer. */
  readonly hasEnded: boolean
  /** Lets go of the key: the next opening of the form begins another intent. */
  end(): void
  /** Begins another intent here and now, under a new key: the user wants it once more. */
  renew(): void
}

/** What this document last wrote, by name, and whether the storage took it. */
const memory = new Map<string, { readonly value: string; readonly isKept: boolean }>()
const endedMark = '!'

/**
 * Begins the intent `name`, or finds the one that was begun: in this tab, over reloads, until its answer was final.
 * After that, going back or reloading finds it still, and any other opening begins the next.
 *
 * `key` names the work where the page knows a name for it (a cart, an order number), in visible ASCII. All tabs then have that
 * key, nothing is kept or let go, and `end` and `renew` do nothing.
 */
export function openIntent(name: string, key?: string): Intent {
  // Elsewhere `memory` would be shared by everybody whom a server serves.
  if (typeof document === 'undefined') throw new TypeError('openIntent must be called in a page')
  return key ? { name, key, isKept: true, hasEnded: false, end() {}, renew() {} } : new KeptIntent(name)
}

/**
 * Lets go of `key` from another page than the one that sent it: from the one that shows the final answer to a posted form.
 * Does nothing where another intent has been begun since.
 */
export function endIntent(name: string, key: string): void {
  if (read(name) === key) write(name, endedMark + key)
}

class KeptIntent implements Intent {
  readonly name: string
  key: string
  isKept = true

  constructor(name: string) {
    this.name = name
    const kept = read(name)
    const hasEnded = kept?.startsWith(endedMark)
    if (kept && (!hasEnded || (!memory.has(name) && isSameOpening(navigationType())))) {
      this.key = hasEnded ? kept.slice(endedMark.length) : kept
      this.isKept = write(name, kept)
    } else {
      this.key = ''
      this.renew()
    }
  }

  /** Another key in the storage means that another document of this tab has let go of this one. */
  get hasEnded(): boolean {
    return read(this.name) !== this.key
  }

  end(): void {
    endIntent(this.name, this.key)
  }

  renew(): void {
    this.key = mint()
    this.isKept = write(this.name, this.key)
  }
}

/** The storage knows more than this document, which may have been put aside for a while: unless it is refused. */
function read(name: string): string | undefined {
  const own = memory.get(name)
  if (own && !own.isKept) return own.value
  try {
    return sessionStorage.getItem(storageName(name)) ?? own?.value
  } catch {
    return undefined
  }
}

/** Gives whether it is kept where a reload finds it. */
function write(name: string, value: string): boolean {
  let isKept = true
  try {
    sessionStorage.setItem(storageName(name), value)
  } catch {
    isKept = false
  }
  memory.set(name, { value, isKept })
  return isKept
}

function storageName(name: string): string {
  return `onceward:${name}`
}

function navigationType(): string | undefined {
  const [entry] = performance.getEntriesByType('navigation')
  return (entry as PerformanceNavigationTiming | undefined)?.type
}

/** A UUID of version 4 (RFC 9562 §5.4). `crypto.randomUUID` is there in secure contexts only, this everywhere. */
function mint(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte, index) => {
    const versioned = index === 6 ? (byte & 15) | 64 : index === 8 ? (byte & 63) | 128 : byte
    return versioned.toString(16).padStart(2, '0')
  })
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
