import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { RunAs } from '../testing/embedded-postgres.ts'

const run = promisify(execFile)
const program = '/usr/bin/prlimit'

/** Whether files of other processes can be kept from growing here. */
export const canLimitFiles: boolean = process.platform === 'linux' && existsSync(program)

export interface LimitedProcesses {
  readonly pids: readonly number[]
  /** Whose they are; not even root may always limit those of others. */
  readonly runAs?: RunAs
}

/**
 * From now on no file of these processes, and of those that they start, grows beyond so many bytes: writes fail, as on
 * a full volume (EFBIG, where that says ENOSPC). `undefined` takes the limit away.
 */
export async function limitFiles(
  { pids, runAs = {} }: LimitedProcesses,
  bytes: number | undefined,
): Promise<void> {
  await Promise.all(
    pids.map((pid) =>
      run(program, [`--pid=${pid}`, `--fsize=${bytes ?? 'unlimited'}:`], { ...runAs, cwd: '/' }).catch(
        (error: unknown) => {
          // A process that has ended meanwhile writes nothing either.
          if (existsSync(`/proc/${pid}`)) throw error
        },
      ),
    ),
  )
}

/** A process and its children. */
export function familyOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return [
    pid,
    ...children
      .split(' ')
      .filter((text) => text !== '')
      .map(Number),
  ]
}
