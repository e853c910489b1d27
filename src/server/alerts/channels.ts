import { DefiniteFailure } from '../../kernel/errors.ts'
import type { SafetyKind } from '../../ledger/safety.ts'
import { createClient } from '../../outbound/client.ts'
import type { Alert, Channel } from './alert.ts'
import { sendMail } from './mail.ts'

const timeoutMs = 10_000
const keyHeader = 'idempotency-key'

/** What is posted to a channel; `effectKey` is the same for every try. Pure. */
export function bodyFor(
  channel: Exclude<Channel, { kind: 'email' }>,
  alert: Alert,
  effectKey: string,
): object {
  const { title, text, severity, kind, scope, at } = alert
  switch (channel.kind) {
    case 'webhook':
      return { id: effectKey, source: 'onceward', kind, scope, severity, title, text, at }
    case 'slack':
      // https://api.slack.com/reference/surfaces/formatting: these three are escaped in text of mrkdwn.
      return { text: `*${slackText(title)}*\n${slackText(text)}` }
    case 'pagerduty':
      // https://developer.pagerduty.com/docs/events-api-v2: an open incident takes further events with its dedup_key.
      return {
        routing_key: channel.routingKey,
        event_action: 'trigger',
        dedup_key: effectKey,
        payload: {
          summary: title.slice(0, 1024),
          source: `onceward ${scope}`,
          severity,
          timestamp: at,
          component: kind,
          custom_details: { text },
        },
      }
  }
}

function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** What a channel guarantees: PagerDuty deduplicates, a webhook where it says so, the others do not. */
export function safetyOf(channel: Channel): SafetyKind {
  const isKeyed = channel.kind === 'pagerduty' || (channel.kind === 'webhook' && channel.deduplicates)
  return isKeyed ? 'keyed' : 'blind'
}

/** Sends it once. Throws `DefiniteFailure` only where nothing was sent, or it was refused. */
export async function send(channel: Channel, alert: Alert, effectKey: string): Promise<object> {
  if (channel.kind === 'email') return sendMail(channel, alert, effectKey)
  const { origin, pathname, search } = new URL(channel.url)
  const client = createClient({ baseUrl: origin, timeoutMs, retry: { attempts: 1 } })
  try {
    const isAuthorised = channel.kind === 'webhook' && channel.token !== undefined
    const { status } = await client.request({
      method: 'POST',
      path: `${pathname}${search}`,
      headers: {
        'content-type': 'application/json',
        [keyHeader]: `"${effectKey}"`,
        ...(isAuthorised ? { authorization: `Bearer ${channel.token}` } : {}),
      },
      body: bodyFor(channel, alert, effectKey),
    })
    if (status >= 200 && status < 300) return { status }
    // A refusal was not carried out; what a failing server did is not known.
    if (status < 500) throw new DefiniteFailure(`${channel.name} answered ${status}`)
    throw new Error(`${channel.name} answered ${status}`)
  } catch (error) {
    if ((error as { outcome?: unknown }).outcome === 'not-sent')
      throw new DefiniteFailure(`${channel.name} could not be reached`)
    throw error
  } finally {
    await client.close({ graceMs: 0 })
  }
}
