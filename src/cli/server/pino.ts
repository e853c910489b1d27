import type { LoggerLike } from '../../telemetry/index.ts'

/** Log lines go to standard error: standard output is for the document of `--json`. Without pino there are none. */
export async function loadLogger(): Promise<{ readonly logger?: LoggerLike }> {
  try {
    const { pino } = await import('pino')
    // Wrapped, since a logger of pino has a `then` that no promise may have.
    return { logger: pino({ level: process.env['ONCEWARD_LOG_LEVEL'] ?? 'info' }, pino.destination(2)) }
  } catch {
    return {}
  }
}
