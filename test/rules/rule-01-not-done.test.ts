import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { Peer } from '../support/peer.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(1)
const mail: Intent = { operation: 'mail', key: 'order-1' }

function refused(code = 'ECONNREFUSED'): Error {
  return Object.assign(new Error(`connect ${code}`), { code })
}

rule(
  'a connection refused somewhere in a blind effect leaves it in doubt, and nothing runs again',
  async (lab) => {
    const { once } = lab.worker()
    const peer = new Peer()
    const effect = (): string => {
      peer.do('mail')
      throw refused()
    }
    expect(await lab.code(once.run(mail, effect))).toBe('IN_DOUBT')
    expect(await lab.code(once.run(mail, effect))).toBe('IN_DOUBT')
    expect(peer.count('mail')).toBe(1)
  },
  ['raw-code-means-not-done', 'every-error-means-not-done'],
)

rule(
  'an error without a code is no definite failure',
  async (lab) => {
    const { once } = lab.worker()
    const run = once.run(mail, () => {
      throw new Error('no')
    })
    expect(await lab.code(run)).toBe('IN_DOUBT')
    expect(lab.row(mail).state).toBe('in_doubt')
  },
  ['every-error-means-not-done'],
)

rule(
  'a DefiniteFailure says "not done": the entry has failed, with its code and message',
  async (lab) => {
    const { once } = lab.worker()
    const cause = new DefiniteFailure('the card was declined', { code: 'declined' })
    const error = await lab.error(once.run(mail, () => Promise.reject(cause)))
    expect(error).toMatchObject({ code: 'EFFECT_FAILED', cause, details: { failureCode: 'declined' } })
    expect(lab.row(mail)).toMatchObject({
      state: 'failed',
      error: { code: 'declined', message: 'the card was declined' },
    })
  },
  ['definite-failure-is-unknown'],
)

rule('a DefiniteFailure is recognised by value, from whichever copy of the package it comes', async (lab) => {
  const { once } = lab.worker()
  const foreign = Object.assign(new Error('declined'), {
    brand: 'onceward.definite-failure',
    code: 'declined',
  })
  expect(await lab.code(once.run(mail, () => Promise.reject(foreign)))).toBe('EFFECT_FAILED')
})

rule(
  'with singleCall, a connection refused means "not sent"',
  async (lab) => {
    const { once } = lab.worker()
    const run = once.run({ ...mail, singleCall: true }, () => Promise.reject(refused()))
    expect(await lab.code(run)).toBe('EFFECT_FAILED')
    expect(lab.row(mail).state).toBe('failed')
  },
  ['definite-failure-is-unknown'],
)

rule(
  "with singleCall, the code of an error's cause is looked at: fetch wraps the socket's error",
  async (lab) => {
    const { once } = lab.worker()
    const wrapped = new TypeError('fetch failed', { cause: refused('ENOTFOUND') })
    expect(await lab.code(once.run({ ...mail, singleCall: true }, () => Promise.reject(wrapped)))).toBe(
      'EFFECT_FAILED',
    )
  },
)

for (const code of ['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'UND_ERR_SOCKET']) {
  rule(
    `with singleCall, ${code} still is unknown: the request may have arrived`,
    async (lab) => {
      const { once } = lab.worker()
      const run = once.run({ ...mail, singleCall: true }, () => Promise.reject(refused(code)))
      expect(await lab.code(run)).toBe('IN_DOUBT')
    },
    ['single-call-trusts-every-code'],
  )
}

rule('singleCall may be registered with the operation', async (lab) => {
  const { once } = lab.worker({ operations: { mail: { singleCall: true } } })
  expect(await lab.code(once.run(mail, () => Promise.reject(refused())))).toBe('EFFECT_FAILED')
})

rule(
  'a keyed effect whose connection was refused stays started, and the next call sends the same key',
  async (lab) => {
    const { once } = lab.worker()
    const charge: Intent = { operation: 'charge', key: 'order-1', safety: 'keyed' }
    const keys: string[] = []
    const failing = once.run(charge, ({ effectKey }) => {
      keys.push(effectKey)
      throw refused()
    })
    expect(await lab.code(failing)).toBe('OUTCOME_UNKNOWN')
    expect(lab.row(charge).state).toBe('started')
    expect(await lab.until(once.run(charge, ({ effectKey }) => void keys.push(effectKey)))).toBeUndefined()
    expect(keys[1]).toBe(keys[0])
  },
  ['raw-code-means-not-done', 'every-error-means-not-done'],
)

rule(
  'an abort or a lost lease is no definite failure either',
  async (lab) => {
    const { once } = lab.worker()
    const aborted = Object.assign(new Error('aborted'), { name: 'AbortError', code: 20 })
    expect(await lab.code(once.run(mail, () => Promise.reject(aborted)))).toBe('IN_DOUBT')
  },
  ['every-error-means-not-done'],
)
