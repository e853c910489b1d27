import { join } from 'node:path'
import { createEngineWith, type HttpEngine } from '../../../src/http/engine.ts'
import { httpRules, type HttpRules } from '../../../src/http/decisions.ts'
import type { Answer, AnswerInit, HttpAttempt, HttpOptions, Reply } from '../../../src/http/index.ts'
import { answerOf } from '../../../src/http/answer.ts'
import type { OncewardOptions } from '../../../src/ledger/options.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'
import type { LedgerMutant } from '../../../src/testing/mutants.ts'
import { Lab, type LabWorker } from '../../support/lab.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'
import type { VirtualTime } from '../../support/virtual-runtime.ts'
import type { HttpMutant } from './http-mutants.ts'

export type LabStore = 'memory' | 'sqlite'

export interface Asked {
  readonly key?: string
  readonly method?: string
  readonly path?: string
  readonly template?: string
  readonly caller?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly handler?: Handler
}

export type Handler = (attempt: HttpAttempt) => AnswerInit | Promise<AnswerInit>

/** What a client is told: a status and a body, and by whom. */
export interface Told {
  readonly status: number
  readonly text: string
  /** `handler`, `replay`, the name of a problem, or `threw`. */
  readonly by: string
  readonly headers: Readonly<Record<string, string>>
}

interface Native {
  readonly caller: string
}

/** Services of one application in virtual time: several processes on one store, asked without sockets. */
export class HttpLab {
  readonly lab: Lab
  readonly #rules: HttpRules
  readonly #store: LabStore
  readonly #folder = makeTemporaryDirectory()

  constructor(store: LabStore, mutant?: HttpMutant, ledgerMutant?: LedgerMutant) {
    this.#store = store
    this.lab = new Lab(ledgerMutant)
    this.#rules = { ...httpRules, ...mutant?.rules(httpRules) }
  }

  get time(): VirtualTime {
    return this.lab.time
  }

  /** A process with an engine of its own. */
  service(
    options: Partial<HttpOptions<Native>> = {},
    instance: Partial<Omit<OncewardOptions, 'store'>> = {},
  ): Service {
    const own =
      this.#store === 'memory'
        ? {}
        : { store: sqliteStore({ path: join(this.#folder.path, 'ledger.db'), runtime: this.time.worker(9) }) }
    const worker = this.lab.worker({ ...instance, ...own })
    const given = { once: worker.once, runtime: worker.runtime, rules: this.#rules }
    const engine = createEngineWith<Native>(given, {
      caller: (native) => native.caller,
      onError: () => undefined,
      ...options,
    })
    return new Service(this.lab, worker, engine)
  }

  async end(): Promise<void> {
    this.lab.end()
    this.#folder.remove()
    await Promise.resolve()
  }
}

/** One process, and the ways to ask it. */
export class Service {
  readonly worker: LabWorker
  readonly #lab: Lab
  readonly #engine: HttpEngine<Native>
  /** How often a handler has run here. */
  runs = 0

  constructor(lab: Lab, worker: LabWorker, engine: HttpEngine<Native>) {
    this.#lab = lab
    this.worker = worker
    this.#engine = engine
  }

  /** Asks, and lets as much time pass as the answer needs. */
  ask(asked: Asked = {}): Promise<Told> {
    return this.#lab.until(this.send(asked))
  }

  /** Asks; time is the caller's. */
  send(asked: Asked = {}): Promise<Told> {
    const told = this.#send(asked)
    // One who is killed is never told.
    told.catch(() => undefined)
    return told
  }

  async #send(asked: Asked): Promise<Told> {
    const { method = 'POST', path = '/orders', template, caller = 'shop-1', body = '{"sku":"a-1"}' } = asked
    const headers: Record<string, string> = {
      ...(asked.key === undefined ? {} : { 'idempotency-key': asked.key }),
      ...asked.headers,
    }
    const handler: Handler = asked.handler ?? (() => ({ status: 201, body: { run: this.runs } }))
    const request = {
      method,
      target: path,
      template,
      native: { caller },
      header: (name: string) => headers[name],
    }
    const admission = this.#engine.admit(request)
    if (admission.kind === 'refuse') return toldOf('problem', admission.answer)
    if (admission.kind === 'pass') return this.#unguarded()
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const reply = await this.#engine.answer(admission.head, { bytes }, async (attempt) => {
      this.runs += 1
      return { kind: 'answer', answer: answerOf(await handler(attempt)) }
    })
    return this.#replied(reply)
  }

  #unguarded(): Told {
    this.runs += 1
    return { status: 201, text: `{"run":${this.runs}}`, by: 'unguarded', headers: {} }
  }

  #replied(reply: Reply): Told {
    switch (reply.kind) {
      case 'pass':
        return this.#unguarded()
      case 'live':
        return { status: 200, text: '', by: 'live', headers: {} }
      case 'threw':
        return toldOf('threw', reply.answer)
      case 'answer':
        return toldOf(reply.source, reply.answer)
    }
  }
}

function toldOf(source: string, answer: Answer): Told {
  const text = Buffer.from(answer.body as string).toString('utf8')
  const by = source === 'problem' ? String((JSON.parse(text) as { type: string }).type.split('#')[1]) : source
  return { status: answer.status, text, by, headers: Object.fromEntries(answer.headers) }
}
