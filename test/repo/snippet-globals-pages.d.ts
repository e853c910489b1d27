// What snippets for pages may take for granted beside snippet-globals.d.ts.
import type { Intent } from 'onceward/browser'

declare global {
  const intent: Intent
}
