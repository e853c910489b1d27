import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  memoryParent,
  startEmbeddedPostgres,
} from '../embedded-postgres.ts'
import { askPostgres, untilAnswer } from '../postgres-query.ts'
import { copyAsStandby } from './base-backup.ts'
import { openReplicationLink, type ReplicationLink } from './replication-link.ts'

/** Whether a commit waits for the standby before it is acknowledged. */
export type Replication = 'asynchronous' | 'synchronous'

export interface PostgresPairOptions {
  /** Default `asynchronous`. */
  readonly replication?: Replication
  /** Default false: the pair survives the death of processes, not of the machine. */
  readonly fsync?: boolean
  /** Server settings of every server of the pair. */
  readonly settings?: EmbeddedPostgresOptions['settings']
  /** Where the data directories are made. Default: in memory where 1 GiB is free there, else among temporary files. */
  readonly parentDir?: string
}

/**
 * A PostgreSQL primary with a streaming standby, real servers of this process's own. They end with it, however it
 * ends. One call at a time: what changes the pair (`promote`, `addStandby` …) is awaited before the next.
 */
export class PostgresPair {
  #primary: EmbeddedPostgres
  #standby: Standby | undefined
  readonly #retired: EmbeddedPostgres[] = []
  readonly #killed = new Set<EmbeddedPostgres>()
  readonly #options: EmbeddedPostgresOptions
  #replication: Replication
  #standbysMade = 0

  private constructor(primary: EmbeddedPostgres, options: EmbeddedPostgresOptions, replication: Replication) {
    this.#primary = primary
    this.#options = options
    this.#replication = replication
  }

  /** Resolves once the standby streams, and with synchronous replication once commits wait for it. */
  static async start(options: PostgresPairOptions = {}): Promise<PostgresPair> {
    const server = serverOptions(options)
    const primary = await startEmbeddedPostgres(server)
    const pair = new PostgresPair(primary, server, options.replication ?? 'asynchronous')
    try {
      await pair.addStandby()
    } catch (error) {
      await pair.stop()
      throw error
    }
    return pair
  }

  /** The server that took over last, dead or alive. */
  get primary(): EmbeddedPostgres {
    return this.#primary
  }

  /** Undefined from a promotion until `addStandby`. */
  get standby(): EmbeddedPostgres | undefined {
    return this.#standby?.server
  }

  /** Earlier primaries, oldest first, until their files are removed. Those that were not killed still answer. */
  get retired(): readonly EmbeddedPostgres[] {
    return [...this.#retired]
  }

  get replication(): Replication {
    return this.#replication
  }

  /** Nothing that the primary writes from now on reaches the standby; with synchronous replication commits wait. */
  stallReplication(): void {
    this.#needStandby().link.stall()
  }

  /** Ends a stall: the standby catches up. */
  resumeReplication(): void {
    this.#needStandby().link.resume()
  }

  /** Waits until the standby has replayed all that the primary has written so far. */
  async caughtUp(): Promise<void> {
    const { server } = this.#needStandby()
    const [row] = await askPostgres(this.#primary.url, 'SELECT pg_current_wal_insert_lsn()::text AS lsn')
    const text = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn'
    await untilAnswer(server.url, {
      text,
      values: [row?.['lsn']],
      what: `Replay up to ${String(row?.['lsn'])}`,
    })
  }

  /** Switches whether commits wait for the standby. Resolves once they do, or do not any more. */
  async setReplication(replication: Replication): Promise<void> {
    const names = replication === 'synchronous' ? `FIRST 1 (${this.#needStandby().name})` : ''
    this.#replication = replication
    await askPostgres(this.#primary.url, `ALTER SYSTEM SET synchronous_standby_names = '${names}'`)
    await askPostgres(this.#primary.url, 'SELECT pg_reload_conf()')
    const text = "SELECT current_setting('synchronous_standby_names') = $1"
    await untilAnswer(this.#primary.url, {
      text,
      values: [names],
      what: `"${names}" as synchronous standbys`,
    })
    if (replication === 'synchronous') await this.#untilStandbyIs("sync_state = 'sync'")
  }

  /** SIGKILL to the primary, as a crash would. */
  async killPrimary(): Promise<void> {
    this.#killed.add(this.#primary)
    await this.#primary.kill()
  }

  /**
   * Makes the standby the primary, whether the old one is dead or lives on (then it is a split brain). Until
   * `addStandby` the new primary has no standby, and its commits wait for none.
   */
  async promote(): Promise<EmbeddedPostgres> {
    const { server, link } = this.#needStandby()
    await askPostgres(server.url, 'SELECT pg_promote(false)')
    await untilAnswer(server.url, { text: 'SELECT NOT pg_is_in_recovery()', what: 'The promotion' })
    await link.close()
    this.#retired.push(this.#primary)
    this.#primary = server
    this.#standby = undefined
    return server
  }

  /**
   * Copies the primary into a new standby, with the pair's replication, for the next failover. The files of earlier
   * primaries that were killed are removed first.
   */
  async addStandby(): Promise<EmbeddedPostgres> {
    if (this.#standby !== undefined) throw new Error('The pair has a standby already: promote it first.')
    await this.#removeKilled()
    this.#standbysMade += 1
    const name = `standby${this.#standbysMade}`
    const primary = this.#primary
    const link = await openReplicationLink(primary)
    try {
      const server = await startEmbeddedPostgres({
        ...this.#options,
        fill: (dataDir, runAs) => copyAsStandby({ primary, port: link.port, name }, dataDir, runAs),
      })
      this.#standby = { server, link, name }
    } catch (error) {
      await link.close()
      throw error
    }
    await this.#untilStandbyIs("state = 'streaming'")
    if (this.#replication === 'synchronous') await this.setReplication('synchronous')
    return this.#standby.server
  }

  /** Ends every server and removes their files. */
  async stop(): Promise<void> {
    await this.#standby?.link.close()
    const standby = this.#standby === undefined ? [] : [this.#standby.server]
    const servers = [...standby, this.#primary, ...this.#retired.splice(0)]
    await Promise.all(servers.map((server) => server.stop()))
  }

  async #untilStandbyIs(condition: string): Promise<void> {
    const { name, server } = this.#needStandby()
    const text = `SELECT count(*) = 1 FROM pg_stat_replication WHERE application_name = $1 AND ${condition}`
    try {
      await untilAnswer(this.#primary.url, { text, values: [name], what: `${name} with ${condition}` })
    } catch (error) {
      throw new Error(`The standby does not stream: ${server.log().trim()}`, { cause: error })
    }
  }

  #needStandby(): Standby {
    if (this.#standby === undefined) throw new Error('The pair has no standby: add one first.')
    return this.#standby
  }

  async #removeKilled(): Promise<void> {
    for (const server of this.#retired.filter((one) => this.#killed.has(one))) {
      await server.stop()
      this.#retired.splice(this.#retired.indexOf(server), 1)
      this.#killed.delete(server)
    }
  }
}

interface Standby {
  readonly server: EmbeddedPostgres
  readonly link: ReplicationLink
  readonly name: string
}

const gibibyte = 1024 ** 3

function serverOptions(options: PostgresPairOptions): EmbeddedPostgresOptions {
  const parentDir = options.parentDir ?? memoryParent(gibibyte)
  return {
    ...(parentDir === undefined ? {} : { parentDir }),
    fsync: options.fsync ?? false,
    walSegmentMegabytes: 1,
    settings: {
      min_wal_size: '32MB',
      max_wal_size: '256MB',
      // A standby that finds its primary gone asks again at once, not after five seconds.
      wal_retrieve_retry_interval: '100ms',
      // However long replication is stalled, nobody gives the connection up: the servers see a slow network.
      wal_sender_timeout: 0,
      wal_receiver_timeout: 0,
      ...options.settings,
    },
  }
}
