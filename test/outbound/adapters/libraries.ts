import { type AxiosInstance, create as createAxios } from 'axios'
import axiosRetry from 'axios-retry'
import got from 'got'
import ky from 'ky'
import { Stripe } from 'stripe'
import { axiosOptions } from '../../../src/outbound/adapters/axios.ts'
import { gotOptions } from '../../../src/outbound/adapters/got.ts'
import { kyOptions } from '../../../src/outbound/adapters/ky.ts'
import { stripeOptions } from '../../../src/outbound/adapters/stripe.ts'
import type { Client } from '../../../src/outbound/client.ts'

export interface LibraryCall {
  readonly url: string
  readonly intent: string
  readonly key?: string
  /** Default POST. */
  readonly method?: 'GET'
}

/** What a library gives for one POST: its status and the JSON of the answer. */
export interface LibraryAnswer {
  readonly status: number
  readonly data: unknown
}

export interface Library {
  readonly name: string
  /** By the library's own policy, as its users set it up for retries of a POST. */
  alone(call: LibraryCall): Promise<LibraryAnswer>
  /** By the client's policy. */
  withClient(client: Client, call: LibraryCall): Promise<LibraryAnswer>
}

const body = { amount: 100 }

function headersOf({ key }: LibraryCall): Record<string, string> {
  return key === undefined ? {} : { 'Idempotency-Key': key }
}

/** What is called, in the words of got and ky. */
function targetOf({ url, intent, method }: LibraryCall): {
  url: string
  options: { method: 'GET' } | { method: 'POST'; json: object }
} {
  const options = method === undefined ? { method: 'POST' as const, json: body } : { method }
  return { url: `${url}/effects/${intent}`, options }
}

async function byAxios(instance: AxiosInstance, call: LibraryCall): Promise<LibraryAnswer> {
  const path = `/effects/${call.intent}`
  const headers = headersOf(call)
  const { status, data } = await (call.method === 'GET'
    ? instance.get<unknown>(path, { headers })
    : instance.post<unknown>(path, body, { headers }))
  return { status, data }
}

/** axios has no retries of its own; axios-retry as it comes. */
export const axiosLibrary: Library = {
  name: 'axios with axios-retry',
  alone: (call) => {
    const instance = createAxios({ baseURL: call.url })
    axiosRetry(instance)
    return byAxios(instance, call)
  },
  withClient: (client, call) => byAxios(createAxios({ baseURL: call.url, ...axiosOptions(client) }), call),
}

/** axios-retry is still there, but it is not what decides. */
export const axiosRetryLeftIn: Library = {
  ...axiosLibrary,
  name: 'axios with axios-retry left in',
  withClient: (client, call) => {
    const instance = createAxios({ baseURL: call.url, ...axiosOptions(client) })
    axiosRetry(instance)
    return byAxios(instance, call)
  },
}

export const gotLibrary: Library = {
  name: 'got',
  alone: async (call) => {
    const { url, options } = targetOf(call)
    const retry = { methods: ['POST' as const], backoffLimit: 1 }
    const answer = await got(url, { ...options, headers: headersOf(call), retry })
    return { status: answer.statusCode, data: JSON.parse(answer.body) }
  },
  withClient: async (client, call) => {
    const { url, options } = targetOf(call)
    const answer = await got.extend(gotOptions(client))(url, { ...options, headers: headersOf(call) })
    return { status: answer.statusCode, data: JSON.parse(answer.body) }
  },
}

export const kyLibrary: Library = {
  name: 'ky',
  alone: async (call) => {
    const { url, options } = targetOf(call)
    const retry = { methods: ['post' as const], backoffLimit: 1 }
    const answer = await ky(url, { ...options, headers: headersOf(call), retry })
    return { status: answer.status, data: await answer.json() }
  },
  withClient: async (client, call) => {
    const { url, options } = targetOf(call)
    const answer = await ky.create(kyOptions(client))(url, { ...options, headers: headersOf(call) })
    return { status: answer.status, data: await answer.json() }
  },
}

export async function byStripe(stripe: Stripe, { intent, key, method }: LibraryCall): Promise<LibraryAnswer> {
  // The SDK has no other way to a path of the peer's own.
  const options = key === undefined ? {} : { idempotencyKey: key }
  const { lastResponse, ...data } =
    method === 'GET'
      ? await stripe.rawRequest('GET', `/v1/${intent}`)
      : await stripe.rawRequest('POST', `/v1/${intent}`, body, options)
  return { status: lastResponse.statusCode, data }
}

export function addressOf({ url }: LibraryCall): {
  host: string
  port: string
  protocol: 'http'
  telemetry: false
} {
  const { hostname, port } = new URL(url)
  return { host: hostname, port, protocol: 'http', telemetry: false }
}

export const stripeLibrary: Library = {
  name: 'the Stripe SDK',
  alone: (call) => byStripe(new Stripe('sk_test_peer', addressOf(call)), call),
  withClient: (client, call) =>
    byStripe(new Stripe('sk_test_peer', { ...addressOf(call), ...stripeOptions(Stripe, client) }), call),
}
