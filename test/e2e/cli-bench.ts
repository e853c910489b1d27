import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const mainPath: string = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface CliResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** A folder of its own, and the real command line run in it. `dispose` ends what still runs and removes the folder. */
export class CliBench {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'onceward-cli-'))
  readonly #running = new Set<RunningCli>()

  start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningCli {
    const { ONCEWARD_STORE: _store, ONCEWARD_SCOPE: _scope, ...inherited } = process.env
    const child = spawn(process.execPath, [mainPath, ...args], {
      cwd: this.folder,
      env: { ...inherited, ...environment },
    })
    const running = new RunningCli(child)
    this.#running.add(running)
    child.once('close', () => this.#running.delete(running))
    return running
  }

  async run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<CliResult> {
    const running = this.start(args, environment)
    running.child.stdin.end()
    return running.ended
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Lines of a file that commands append to; none where it is not there. */
  lines(name: string): string[] {
    const path = this.path(name)
    return existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : []
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content)
  }

  /** Ends a process that a killed command line left behind, by the id it wrote to `name`. */
  killOrphans(name: string): void {
    for (const line of this.lines(name)) {
      try {
        process.kill(Number(line), 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
  }

  async dispose(): Promise<void> {
    this.killOrphans('pids')
    const rest = [...this.#running]
    for (const running of rest) running.child.kill('SIGKILL')
    await Promise.all(rest.map((running) => running.ended))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A command line at work. */
export class RunningCli {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<CliResult>
  readonly #stdout: Buffer[] = []
  readonly #stderr: Buffer[] = []

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child
    child.stdout.on('data', (chunk: Buffer) => this.#stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk))
    // It may end before it has read its input.
    child.stdin.on('error', () => undefined)
    this.ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: Buffer.concat(this.#stdout),
      stderr: Buffer.concat(this.#stderr),
    }))
  }

  /** What has come to standard error by now. */
  get errorText(): string {
    return Buffer.concat(this.#stderr).toString()
  }

  /** Resolves when `text` has come out; rejects when the process ends without it. */
  async printed(text: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    const chunks = stream === 'stdout' ? this.#stdout : this.#stderr
    const hasText = (): boolean => Buffer.concat(chunks).toString().includes(text)
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (hasText()) resolve()
      }
      this.child[stream].on('data', check)
      check()
      this.ended.then((result) => {
        if (hasText()) resolve()
        else
          reject(
            new Error(
              `ended (${result.code ?? result.signal}) without printing ${text}: ${result.stderr.toString()}`,
            ),
          )
      }, reject)
    })
  }
}

/** The one JSON document of a result. */
export function json(result: CliResult): Record<string, unknown> {
  return JSON.parse(result.stdout.toString()) as Record<string, unknown>
}
