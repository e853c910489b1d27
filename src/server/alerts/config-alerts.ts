import { boolean, label, members, milliseconds, oneOf } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { list, only, token } from '../../gateway/config-values.ts'
import { type AlertsConfig, type Channel, alertKinds } from './alert.ts'

const channelKinds = ['webhook', 'slack', 'pagerduty', 'email'] as const
const pagerDuty = 'https://events.pagerduty.com/v2/enqueue'

const fieldsOf: Readonly<Record<(typeof channelKinds)[number], readonly string[]>> = {
  webhook: ['url', 'urlEnv', 'tokenEnv', 'deduplicates'],
  slack: ['url', 'urlEnv'],
  pagerduty: ['url', 'routingKeyEnv'],
  email: ['smtpUrl', 'smtpUrlEnv', 'from', 'to'],
}

/** `alerts: { inDoubtAfterMs: 900000, channels: [{ name: ops, kind: slack, urlEnv: SLACK_URL }] }`. Throws `OPTION_INVALID`. */
export function parseAlerts(raw: unknown): AlertsConfig {
  const given = only(members(raw, 'alerts'), 'alerts', ['everyMs', 'inDoubtAfterMs', 'channels'])
  const channels = list(given['channels'] ?? [], 'alerts.channels', 'a list of channels').map(parseChannel)
  const double = channels.find(({ name }, at) => channels.findIndex((one) => one.name === name) !== at)
  if (double !== undefined) throw optionInvalid('alerts.channels', 'names that differ', double.name)
  return {
    everyMs: milliseconds(given['everyMs'] ?? 30_000, 'alerts.everyMs', 100),
    inDoubtAfterMs: milliseconds(given['inDoubtAfterMs'] ?? 15 * 60_000, 'alerts.inDoubtAfterMs', 0),
    channels,
  }
}

function parseChannel(raw: unknown, at: number): Channel {
  const path = `alerts.channels[${at}]`
  const kind = oneOf(members(raw as Record<string, unknown>, path)['kind'], channelKinds, `${path}.kind`)
  const given = only(raw, path, ['name', 'kind', 'on', ...fieldsOf[kind]])
  const on = list(given['on'] ?? alertKinds, `${path}.on`, 'a list of kinds')
  const shared = {
    name: label(given['name'], `${path}.name`, 80),
    on: on.map((one) => oneOf(one, alertKinds, `${path}.on`)),
  }
  switch (kind) {
    case 'webhook':
      return {
        ...shared,
        kind,
        url: urlOf(given, path, 'url'),
        deduplicates: boolean(given['deduplicates'] ?? false, `${path}.deduplicates`),
        ...(given['tokenEnv'] === undefined ? {} : { token: fromEnv(given['tokenEnv'], `${path}.tokenEnv`) }),
      }
    case 'slack':
      return { ...shared, kind, url: urlOf(given, path, 'url') }
    case 'pagerduty': {
      const url = urlOf({ url: pagerDuty, ...given }, path, 'url')
      return { ...shared, kind, url, routingKey: fromEnv(given['routingKeyEnv'], `${path}.routingKeyEnv`) }
    }
    case 'email':
      return {
        ...shared,
        kind,
        smtpUrl: urlOf(given, path, 'smtpUrl'),
        from: label(given['from'], `${path}.from`, 320),
        to: list(given['to'], `${path}.to`, 'a list of addresses').map((one, index) =>
          label(one, `${path}.to[${index}]`, 320),
        ),
      }
  }
}

/** An address as it is, or by the name of a variable: many are secrets. What is secret is not said back. */
function urlOf(given: Readonly<Record<string, unknown>>, path: string, name: 'url' | 'smtpUrl'): string {
  const scheme = name === 'url' ? /^https?:$/ : /^smtps?:$/
  const isSecret = given[`${name}Env`] !== undefined
  const url = isSecret ? fromEnv(given[`${name}Env`], `${path}.${name}Env`) : given[name]
  const isUrl = typeof url === 'string' && URL.canParse(url) && scheme.test(new URL(url).protocol)
  if (!isUrl)
    throw optionInvalid(`${path}.${name}`, `a URL (${name}, or ${name}Env)`, isSecret ? 'another' : url)
  return url
}

function fromEnv(raw: unknown, name: string): string {
  const variable = token(raw, name)
  const value = process.env[variable]
  if (value !== undefined && value !== '') return value
  throw optionInvalid(name, 'a variable of the environment that is set', variable)
}
