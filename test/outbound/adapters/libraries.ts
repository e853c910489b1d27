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
import type { PeerKind } from '../support/faults.ts'

export interface LibraryCall {
  readonly url: string
  readonly intent: string
  readonly key?: string
  readonly kind?: PeerKind
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

function headersOf({ key, kind }: LibraryCall): Record<string, string> {
  return {
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    ...(kind === undefined ? {} : { 'x-peer': kind }),
  }
}

async function byAxios(instance: AxiosInstance, call: LibraryCall): Promise<LibraryAnswer> {
  const { status, data } = await instance.post<unknown>(`/effects/${call.intent}`, body, {
    headers: headersOf(call),
  })
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
    const retry = { methods: ['POST' as const], backoffLimit: 1 }
    const answer = await got.post(`${call.url}/effects/${call.intent}`, {
      json: body,
      headers: headersOf(call),
      retry,
    })
    return { status: answer.statusCode, data: JSON.parse(answer.body) }
  },
  withClient: async (client, call) => {
    const instance = got.extend(gotOptions(client))
    const answer = await instance.post(`${call.url}/effects/${call.intent}`, {
      json: body,
      headers: headersOf(call),
    })
    return { status: answer.statusCode, data: JSON.parse(answer.body) }
  },
}

export const kyLibrary: Library = {
  name: 'ky',
  alone: async (call) => {
    const retry = { methods: ['post' as const], backoffLimit: 1 }
    const answer = await ky.post(`${call.url}/effects/${call.intent}`, {
      json: body,
      headers: headersOf(call),
      retry,
    })
    return { status: answer.status, data: await answer.json() }
  },
  withClient: async (client, call) => {
    const instance = ky.create(kyOptions(client))
    const answer = await instance.post(`${call.url}/effects/${call.intent}`, {
      json: body,
      headers: headersOf(call),
    })
    return { status: answer.status, data: await answer.json() }
  },
}

async function byStripe(stripe: Stripe, { intent, key }: LibraryCall): Promise<LibraryAnswer> {
  // The SDK has no other way to a path of the peer's own.
  const options = key === undefined ? {} : { idempotencyKey: key }
  const { lastResponse, ...data } = await stripe.rawRequest('POST', `/v1/${intent}`, body, options)
  return { status: lastResponse.statusCode, data }
}

function addressOf({ url }: LibraryCall): { host: string; port: string; protocol: 'http'; telemetry: false } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port, protocol: 'http', telemetry: false }
}

export const stripeLibrary: Library = {
  name: 'the Stripe SDK',
  alone: (call) => byStripe(new Stripe('sk_test_peer', addressOf(call)), call),
  withClient: (client, call) =>
    byStripe(new Stripe('sk_test_peer', { ...addressOf(call), ...stripeOptions(Stripe, client) }), call),
}
