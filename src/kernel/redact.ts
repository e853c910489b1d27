/** A URL fit for messages: the password is left out, also where the URL is broken. */
export function redactUrl(url: string): string {
  return url.replace(/(:\/\/[^/@:]*):.*@/s, '$1:***@').replace(/([?&]password=)[^&]*/gi, '$1***')
}
