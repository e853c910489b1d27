export type { BreakerOptions, BreakerState } from './breaker.ts'
export { type Client, type ClientStats, createClient } from './client.ts'
export { OutboundError, type SendOutcome } from './errors.ts'
export type { OutboundEvent, OutboundEventType, OutboundListener, PoolLoad } from './events.ts'
export type { AnswerHeaders, ClientRequest, ClientResponse, RequestHeaders } from './message.ts'
export type { ClientOptions } from './options.ts'
export type { KeyPlacement, TargetAnswer, TargetCall, TargetProfile, TargetSource } from './target.ts'
export { idempotencyKeyTarget, keylessTarget } from './targets.ts'
export { type AxiosOptions, axiosOptions } from './adapters/axios.ts'
export type { Fetching } from './adapters/fetching.ts'
export { type GotOptions, type GotRequest, type GotResponse, gotOptions } from './adapters/got.ts'
export { type KyOptions, kyOptions } from './adapters/ky.ts'
export { type StripeOptions, type StripeSdk, stripeOptions } from './adapters/stripe.ts'
export {
  adyen,
  payPal,
  type Provider,
  type ProviderSource,
  providers,
  sendGrid,
  shopify,
  square,
  stripe,
  twilio,
} from './presets/index.ts'
