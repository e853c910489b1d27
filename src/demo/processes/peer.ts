import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Journal, openJournal } from '../../testing/journal.ts'
import type { PeerConfig } from '../messages.ts'
import { seededShare } from '../../testing/random.ts'
import { type EffectKind, type FaultSchedule, readSchedule, type ScheduledKill } from '../schedule.ts'
import type { Link } from './child.ts'

/** What every peer does alike: it takes its time, keeps a journal, and has scheduled workers killed. */
export interface Peer {
  readonly schedule: FaultSchedule
  /** Writes the effect down, then nobody can take it back. Gives its id. */
  record(order: string, details: Readonly<Record<string, unknown>>): string
  /** Lets the time pass that this order's effect takes. */
  work(order: string): Promise<void>
  /** True when a worker was to be killed now, and has been: nobody is there any more to be answered. */
  hasLostCaller(order: string, moment: ScheduledKill['moment'], worker: string): Promise<boolean>
  close(): void
}

interface PeerKind {
  readonly effect: EffectKind
  readonly idPrefix: string
  readonly fastestMs: number
  readonly slowestMs: number
}

export function makePeer(kind: PeerKind, config: PeerConfig, link: Link): Peer {
  const { effect } = kind
  const schedule = readSchedule(config.schedulePath)
  const journal: Journal = openJournal(config.journalPath)
  const kills = new Map(
    schedule.kills.filter((kill) => kill.effect === effect).map((kill) => [kill.order, kill]),
  )
  return {
    schedule,
    record: (order, details) => {
      const effectId = `${kind.idPrefix}_${randomBytes(8).toString('hex')}`
      journal.append({ effect, order, effectId, ...details })
      return effectId
    },
    work: async (order) => {
      const share = seededShare(config.seed, effect, order)
      await sleep(kind.fastestMs + share * (kind.slowestMs - kind.fastestMs))
    },
    hasLostCaller: async (order, moment, worker) => {
      if (kills.get(order)?.moment !== moment) return false
      kills.delete(order)
      return await link.kill({ worker, order, effect, moment })
    },
    close: () => journal.close(),
  }
}
