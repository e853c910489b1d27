import type { Provider } from './provider.ts'

export const twilio: Provider = {
  name: 'twilio',
  title: 'Twilio',
  documented: {
    honoured:
      'nothing: sending a message or starting a call is not idempotent, so every such call is blind. (`I-Twilio-Idempotency-Token` is what Twilio sends with its webhooks, not what it takes)',
    lifetime: '-',
    keyForm: 'not found: no key of the REST API is documented',
    duplicates: 'a second message, a second call',
    retries:
      '429 was never processed and may be repeated; after 500 the message may have been sent. Retry-After: not found',
  },
  sources: [
    {
      title: 'Error 20500: Internal server error (Twilio documentation)',
      url: 'https://www.twilio.com/docs/errors/20500',
      says: 'GET and DELETE are safe to retry; sending an SMS or triggering a call is not idempotent, a retry after 500 may send several',
      read: '2026-11-27',
    },
    {
      title: 'Error 20429: Too many requests (Twilio documentation)',
      url: 'https://www.twilio.com/docs/errors/20429',
      says: 'A request that was answered with 429 is never processed and always safe to retry',
      read: '2026-11-27',
    },
  ],
}
