import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ask } from './client.ts'

const program = fileURLToPath(new URL('upstream-process.ts', import.meta.url))

export interface Journaled {
  readonly method: string
  readonly path: string
  readonly key?: string
  readonly raw: readonly string[]
  readonly trailers: Readonly<Record<string, string>>
  readonly body: string
  readonly hasLeft: boolean
}

/** A service in a process of its own, and its journal: effects are counted there. */
export class Upstream {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(): Promise<Upstream> {
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new Upstream(child, `http://127.0.0.1:${line.toString().trim()}`)
  }

  async journal(key?: string): Promise<readonly Journaled[]> {
    const { text } = await ask(this.url, { method: 'GET', path: '/_journal' })
    const all = JSON.parse(text) as readonly Journaled[]
    return key === undefined ? all : all.filter((entry) => entry.key === key)
  }

  async count(key: string): Promise<number> {
    return (await this.journal(key)).length
  }

  /** Resolves when so many requests with the key are in the journal, or the fact is known. */
  async arrived(key: string, times = 1): Promise<unknown> {
    const path = `/_arrived?times=${times}&key=${encodeURIComponent(key)}`
    const { json } = await ask(this.url, { method: 'GET', path })
    return json['fact']
  }

  async release(): Promise<void> {
    await ask(this.url, { path: '/_release' })
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Values of a header as the service was sent it. */
export function sentValues({ raw }: Journaled, name: string): string[] {
  return raw.flatMap((value, at) => (at % 2 === 1 && raw[at - 1]?.toLowerCase() === name ? [value] : []))
}
