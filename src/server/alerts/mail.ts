import { DefiniteFailure, OncewardError } from '../../kernel/errors.ts'
import type { Alert, Channel } from './alert.ts'

const timeoutMs = 10_000
/** Commands before the message itself: where one of these fails, nothing has been sent. */
const before = new Set([
  'CONN',
  'EHLO',
  'HELO',
  'STARTTLS',
  'AUTH',
  'AUTH PLAIN',
  'AUTH LOGIN',
  'MAIL FROM',
  'RCPT TO',
  'API',
])

/** One message for all recipients. Its Message-ID is the same for every try, so that mailboxes can tell a repetition. */
export async function sendMail(
  { name, smtpUrl, from, to }: Extract<Channel, { kind: 'email' }>,
  alert: Alert,
  effectKey: string,
): Promise<object> {
  const { createTransport } = await import('nodemailer').catch(() => {
    throw new OncewardError(
      'DEPENDENCY_MISSING',
      `The alert channel ${name} needs nodemailer: npm install nodemailer`,
    )
  })
  const transport = createTransport(smtpUrl, {})
  Object.assign(transport.options, {
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  })
  const { title, text, severity } = alert
  try {
    const { response } = await transport.sendMail({
      from,
      to: [...to],
      subject: `[${severity}] ${title}`,
      text,
      messageId: `<${effectKey}@onceward>`,
    })
    return { response }
  } catch (error) {
    const { command, responseCode } = error as { command?: string; responseCode?: number }
    const isRefused = responseCode !== undefined && responseCode >= 400
    if (isRefused || (command !== undefined && before.has(command)))
      throw new DefiniteFailure(`${name} did not take the message`)
    throw error
  } finally {
    transport.close()
  }
}
