import type { EmbeddedPostgres } from '../../testing/embedded-postgres.ts'
import type { Stage } from '../stage.ts'
import type { FailingAddress } from './address.ts'

/** SIGKILL to the primary, written down. Gives when, by the wall clock. */
export async function killPrimary(stage: Stage, { pair }: FailingAddress): Promise<number> {
  stage.children.note({ pid: pair.primary.pid, name: 'primary', signal: 'SIGKILL' })
  await pair.killPrimary()
  return Date.now()
}

/** Lets everybody through to the server that has taken over. */
export function leadTo({ proxy }: FailingAddress, server: EmbeddedPostgres): void {
  proxy.retarget(server.url)
}
