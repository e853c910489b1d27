import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the URL of the run's PostgreSQL server. */
    postgresBroker: string
  }
}

/**
 * One PostgreSQL for the whole run, started when the first test asks for it: test files run in processes of their own,
 * so they ask over HTTP on loopback. Ended with the run, and by itself should the run be killed.
 *
 * `ONCEWARD_TEST_POSTGRES=postgres://…` names a server to use instead, where the tests may make databases and roles:
 * for other versions of PostgreSQL.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<EmbeddedPostgres> | undefined
  const broker = createServer((_, response) => {
    const given = process.env['ONCEWARD_TEST_POSTGRES']
    if (given !== undefined) return void response.end(given)
    server ??= startEmbeddedPostgres({ fsync: false, settings: { max_connections: 300 } })
    server.then(
      ({ url }) => response.end(url),
      (error: unknown) => {
        response.statusCode = 500
        response.end(String(error))
      },
    )
  })
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve))
  broker.unref()
  project.provide('postgresBroker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`)
  return async () => {
    broker.closeAllConnections()
    broker.close()
    await (await server)?.stop()
  }
}
