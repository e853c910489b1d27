import { headerOf } from './answers.ts'
import type { Provider } from './provider.ts'

export const sendGrid: Provider = {
  name: 'sendgrid',
  title: 'SendGrid',
  retryAfterMs: (answer) => {
    if (answer.status !== 429) return undefined
    const resetsAtS = Number(headerOf(answer, 'x-ratelimit-reset') ?? 'none')
    return Number.isFinite(resetsAtS) ? Math.max(0, resetsAtS * 1000 - Date.now()) : undefined
  },
  documented: {
    honoured: 'nothing: no key of the mail API was found in its documents, so every send is blind',
    lifetime: '-',
    keyForm:
      'not found (pages that describe an `Idempotency-Key` of `mail/send` cite a reference that has none)',
    duplicates: 'a second mail',
    retries: 'over the rate limit: 429, with `X-RateLimit-Reset` (seconds since 1970) instead of Retry-After',
  },
  sources: [
    {
      title: 'Rate limits (SendGrid v3 API reference)',
      url: 'https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits',
      says: '429 once the limit of a refresh period is reached; `X-RateLimit-Reset` says when it ends',
      read: '2026-11-27',
    },
    {
      title:
        'SendGrid v3 mail/send: is it possible to send an idempotent request? (Stack Overflow, 76432015)',
      url: 'https://stackoverflow.com/questions/76432015',
      says: 'No: every POST to the mail send endpoint is dispatched, with no look at duplicates. Not an official page; an official one was not found',
      read: '2026-11-27, as a copy',
    },
  ],
}
