import { members } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'

const serviceConfig = 'grpc.service_config'

/**
 * Channel options under which nothing but the interceptor retries. A service config can have the channel itself send a
 * call again: it looks at no key, takes an unreadable `grpc-retry-pushback-ms` for "at once", and counts in no budget.
 * One with a `retryPolicy` or `hedgingPolicy` is refused with `OPTION_INVALID`; the channel's own retries are turned
 * off, and service configs from DNS are not asked for.
 */
export function withoutChannelRetries<Options extends object>(options: Options): Options {
  const given = members(options, 'options') as Record<string, unknown>
  const config = given[serviceConfig]
  if (config !== undefined && resends(config))
    throw optionInvalid(
      serviceConfig,
      'without retryPolicy and hedgingPolicy, which send calls again that have no key',
      config,
    )
  return { ...options, 'grpc.enable_retries': 0, 'grpc.service_config_disable_resolution': 1 }
}

function resends(config: unknown): boolean {
  const parsed: unknown = typeof config === 'string' ? tryParse(config) : config
  const methods = (parsed as { readonly methodConfig?: unknown } | null | undefined)?.methodConfig
  if (!Array.isArray(methods)) return false
  return methods.some((method) => {
    const { retryPolicy, hedgingPolicy } = (method ?? {}) as Record<string, unknown>
    return retryPolicy !== undefined || hedgingPolicy !== undefined
  })
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw optionInvalid(serviceConfig, 'JSON', text)
  }
}
