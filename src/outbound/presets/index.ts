import { adyen } from './adyen.ts'
import { payPal } from './paypal.ts'
import type { Provider } from './provider.ts'
import { sendGrid } from './sendgrid.ts'
import { shopify } from './shopify.ts'
import { square } from './square.ts'
import { stripe } from './stripe.ts'
import { twilio } from './twilio.ts'

export { adyen, payPal, sendGrid, shopify, square, stripe, twilio }
export type { Provider, ProviderSource } from './provider.ts'

/** All of them, as `docs/reference/providers.md` lists them. */
export const providers: readonly Provider[] = [stripe, adyen, payPal, square, shopify, twilio, sendGrid]
