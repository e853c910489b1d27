import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cell, ContenderName } from './cells.ts'
import type { Answer, Request } from './contender-process.ts'
import type { Setting } from './contenders/contender.ts'
import type { Measurement, Window } from './load.ts'

/** Contenders that keep asking their database for work are ended after each of their cells. */
const restless: readonly ContenderName[] = ['dbos', 'pg-boss']

/** The contenders' processes: started when first asked for, one each, and idle while another is measured. */
export class Team {
  readonly #setting: Setting
  readonly #members = new Map<ContenderName, Member>()

  constructor(setting: Setting) {
    this.#setting = setting
    process.once('exit', () => {
      for (const member of this.#members.values()) member.kill()
    })
  }

  async measure(cell: Cell, window: Window & { readonly poolSize?: number }): Promise<Measurement> {
    const member = await this.#member(cell.contender)
    const answer = await member.ask({ kind: 'measure', cell, window })
    if (answer.kind !== 'measured') throw new Error(`${cell.contender} answered ${answer.kind}`)
    if (restless.includes(cell.contender)) await this.#end(cell.contender)
    return answer.measurement
  }

  async close(): Promise<void> {
    for (const name of this.#members.keys()) await this.#end(name)
  }

  async #member(name: ContenderName): Promise<Member> {
    const known = this.#members.get(name)
    if (known !== undefined) return known
    const member = new Member(name)
    this.#members.set(name, member)
    const directory = join(this.#setting.directory, name)
    mkdirSync(directory, { recursive: true })
    await member.ask({ kind: 'make', name, setting: { ...this.#setting, directory } })
    return member
  }

  async #end(name: ContenderName): Promise<void> {
    const member = this.#members.get(name)
    this.#members.delete(name)
    await member?.ask({ kind: 'close' }).catch(() => undefined)
    member?.kill()
  }
}

class Member {
  readonly #name: ContenderName
  readonly #child: ChildProcess

  constructor(name: ContenderName) {
    this.#name = name
    const file = fileURLToPath(new URL('contender-process.ts', import.meta.url))
    // What libraries print goes to standard error: standard output is ours.
    this.#child = fork(file, {
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning', '--no-deprecation'],
      stdio: ['ignore', 2, 2, 'ipc'],
    })
  }

  ask(request: Request): Promise<Answer> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const forget = (): void => {
        child.off('message', onMessage).off('exit', onExit)
      }
      const onMessage = (answer: Answer): void => {
        forget()
        if (answer.kind === 'failed') reject(new Error(`${this.#name}: ${answer.message}`))
        else resolve(answer)
      }
      const onExit = (code: number | null, signal: string | null): void => {
        forget()
        reject(new Error(`the process of ${this.#name} ended with ${signal ?? `exit code ${code}`}`))
      }
      child.on('message', onMessage).on('exit', onExit)
      child.send(request, (error) => {
        if (error === null) return
        forget()
        reject(error)
      })
    })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
