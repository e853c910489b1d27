import { join } from 'node:path'
import { type Onceward, createOnceward } from '../../../src/index.ts'
import type { Role } from '../../../src/server/access/principal.ts'
import { examine, reportOf } from '../../../src/cli/doctor/examine.ts'
import { type OncewardServer, readServerConfig, startServer, Tokens } from '../../../src/server/index.ts'
import type { Store } from '../../../src/ledger/store.ts'
import { openStoreFromUrl } from '../../../src/stores/open.ts'
import { systemRuntime } from '../../../src/system.ts'
import { type TestDatabase, testDatabase } from '../../support/postgres.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'

export interface Asked {
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; text as it is. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface Told {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Record<string, unknown>
}

/** Servers on one store, and a worker of the library beside them. */
export class ControlRoom {
  readonly storeUrl: string
  readonly faults: unknown[] = []
  readonly #ends: (() => Promise<unknown>)[] = []
  readonly #servers: OncewardServer[] = []

  private constructor(storeUrl: string, end: () => Promise<unknown>) {
    this.storeUrl = storeUrl
    this.#ends.push(end)
  }

  static async on(kind: 'sqlite' | 'postgres'): Promise<ControlRoom> {
    if (kind === 'postgres') {
      const database: TestDatabase = await testDatabase()
      return new ControlRoom(database.url, () => database.drop())
    }
    const directory = makeTemporaryDirectory()
    return new ControlRoom(`sqlite:${join(directory.path, 'ledger.db')}`, async () => directory.remove())
  }

  /** A server on a free port. `yaml` is its configuration, `dashboard` the folder of the built pages. */
  async serve(yaml = '', dashboard?: string): Promise<OncewardServer> {
    const server = await startServer({
      config: readServerConfig(yaml, { listen: '127.0.0.1:0', scope: 'shop' }),
      store: await openStoreFromUrl(this.storeUrl),
      version: '1.2.3',
      doctor: async () => reportOf(await examine(this.storeUrl)),
      ...(dashboard === undefined ? {} : { dashboard }),
      onError: (error) => void this.faults.push(error),
    })
    this.#servers.push(server)
    return server
  }

  get servers(): readonly OncewardServer[] {
    return this.#servers
  }

  get url(): string {
    const [first] = this.#servers
    if (first === undefined) throw new Error('no server has been started')
    return first.url
  }

  /** An instance of the library, as another process would have it. */
  async worker(scope = 'shop'): Promise<Onceward> {
    const once = createOnceward({ store: await openStoreFromUrl(this.storeUrl), scope, sweep: false })
    await once.open()
    this.#ends.unshift(() => once.close({ graceMs: 0 }))
    return once
  }

  /** A handle on the store, closed with the room. */
  async store(): Promise<Store> {
    const store = await openStoreFromUrl(this.storeUrl)
    await store.open()
    this.#ends.unshift(() => store.close())
    return store
  }

  /** Makes a token as the command line does. */
  async token(role: Role, scopes?: readonly string[]): Promise<string> {
    const store = await openStoreFromUrl(this.storeUrl)
    await store.open()
    const { token } = await new Tokens(store.records, systemRuntime).create(
      { name: role, role, scopes },
      'test',
    )
    await store.close()
    return token
  }

  async ask(path: string, asked: Asked = {}): Promise<Told> {
    const { method = asked.body === undefined ? 'GET' : 'POST', token, headers, body, signal } = asked
    const response = await fetch(path.startsWith('http') ? path : `${this.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
    return { status: response.status, headers: response.headers, text, json }
  }

  async end(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()))
    for (const end of this.#ends) await end()
  }
}

/** An entry in doubt: its effect ended without saying how. */
export async function doubtful(once: Onceward, key: string): Promise<string> {
  const receipt = await once.execute({ operation: 'charge', key, subject: `order:${key}` }, () => {
    throw new Error('the connection broke')
  })
  return receipt.ref
}
