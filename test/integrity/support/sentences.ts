import { expect } from 'vitest'
import { contentDigest, packEnvelope } from '../../../src/integrity/index.ts'
import type { Integrity, IntegrityOptions } from '../../../src/integrity/integrity.ts'
import { integrityRules, type IntegrityRules } from '../../../src/integrity/rules.ts'
import { batchBytes, batchOf } from './shop.ts'

export type Make = (options?: IntegrityOptions) => Integrity

/** What is promised of bytes. Each throws where it does not hold. */
export const sentences: Readonly<Record<string, (make: Make) => void>> = {
  'a framed message comes out as it went in': (make) => {
    const integrity = make()
    for (const message of [Buffer.alloc(0), small, large])
      expect(integrity.unframe(integrity.frame(message), 'm').equals(message)).toBe(true)
  },
  'every proper prefix of a framed message is refused': (make) => {
    const integrity = make()
    const whole = integrity.frame(small)
    for (let end = 0; end < whole.length; end += 1)
      expect(
        codeOf(() => integrity.unframe(whole.subarray(0, end), 'm')),
        `${end}`,
      ).toMatch(/^PAYLOAD_/)
  },
  'a framed message is refused cut even where none need state anything, but for nothing at all': (make) => {
    const integrity = make({ require: false })
    const whole = integrity.frame(small)
    for (let end = 1; end < whole.length; end += 1)
      expect(
        codeOf(() => integrity.unframe(whole.subarray(0, end), 'm')),
        `${end}`,
      ).toBe('PAYLOAD_ALTERED')
  },
  'a byte more is refused as padded': (make) => {
    const integrity = make()
    const padded = Buffer.concat([integrity.frame(small), Buffer.alloc(1)])
    expect(whyOf(() => integrity.unframe(padded, 'm'))).toBe('padded')
  },
  'a bit that differs anywhere is refused': (make) => {
    const integrity = make()
    const whole = integrity.frame(small)
    for (let at = 0; at < whole.length; at += 1) {
      const altered = Buffer.from(whole)
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(
        codeOf(() => integrity.unframe(altered, 'm')),
        `${at}`,
      ).toMatch(/^PAYLOAD_/)
    }
  },
  'a message without a frame is refused, or handed on and counted where none is required': (make) => {
    expect(codeOf(() => make().unframe(small, 'm'))).toBe('PAYLOAD_UNSTATED')
    const lenient = make({ require: false })
    expect(lenient.unframe(small, 'm').equals(small)).toBe(true)
    expect(lenient.counts()).toEqual({ payload_unchecked: 1 })
  },
  'Content-Digest and Content-Length are held to': (make) => {
    const integrity = make()
    const digest = contentDigest(small)
    const check =
      (headers: Readonly<Record<string, string>>, body: Uint8Array): (() => void) =>
      () =>
        integrity.checkHeaders((name) => headers[name], body, 'm')
    expect(check({ 'content-digest': digest, 'content-length': `${small.length}` }, small)).not.toThrow()
    expect(check({ 'repr-digest': digest }, small)).not.toThrow()
    expect(
      whyOf(check({ 'content-digest': digest, 'content-length': `${small.length}` }, small.subarray(1))),
    ).toBe('cut')
    expect(whyOf(check({ 'content-digest': digest }, small.subarray(1)))).toBe('altered')
    expect(whyOf(check({ 'repr-digest': digest }, small.subarray(1)))).toBe('altered')
    expect(whyOf(check({ 'content-length': `${small.length}` }, small))).toBe('unstated')
    expect(whyOf(check({ 'content-digest': 'sha-256=1' }, small))).toBe('malformed')
    expect(whyOf(check({ 'content-digest': 'sha-256=:AAAA:' }, small))).toBe('malformed')
    expect(whyOf(check({ 'content-digest': 'sha-256=' }, small))).toBe('malformed')
    // Algorithms that nobody should use any more are no statement.
    expect(whyOf(check({ 'content-digest': 'md5=:AAAAAAAAAAAAAAAAAAAAAA==:' }, small))).toBe('unstated')
  },
  'of two digests both are held to': (make) => {
    const both = `${contentDigest(small)}, ${contentDigest(large, 'sha-512')}`
    const check = (): void =>
      make().checkHeaders((name) => (name === 'content-digest' ? both : undefined), small, 'm')
    expect(whyOf(check)).toBe('altered')
  },
  'the digest of a whole is not held against a part of it': (make) => {
    const headers: Readonly<Record<string, string>> = {
      'content-range': 'bytes 1-5/20',
      'repr-digest': contentDigest(large),
      'content-digest': contentDigest(small),
    }
    expect(() => make().checkHeaders((name) => headers[name], small, 'm')).not.toThrow()
  },
  'an envelope gives its content and type, and is refused cut, padded or altered anywhere': (make) => {
    const integrity = make({ require: false })
    const envelope = packEnvelope(small, { contentType: 'application/x-protobuf' })
    const { content, contentType } = integrity.unpack(envelope, 'queue')
    expect(Buffer.from(content).equals(small)).toBe(true)
    expect(contentType).toBe('application/x-protobuf')
    for (let end = 0; end < envelope.length; end += 1)
      expect(
        codeOf(() => integrity.unpack(envelope.subarray(0, end), 'queue')),
        `${end}`,
      ).toBe('PAYLOAD_ALTERED')
    for (let at = 0; at < envelope.length; at += 1) {
      const altered = Buffer.from(envelope)
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(
        codeOf(() => integrity.unpack(altered, 'queue')),
        `${at}`,
      ).toBe('PAYLOAD_ALTERED')
    }
    expect(codeOf(() => integrity.unpack(Buffer.concat([envelope, Buffer.alloc(1)]), 'queue'))).toBe(
      'PAYLOAD_ALTERED',
    )
    expect(codeOf(() => integrity.unpack(small, 'queue'))).toBe('PAYLOAD_ALTERED')
  },
}

const small = batchBytes(batchOf('b', 3, 4))
const large = batchBytes(batchOf('b', 3, 4000))

function codeOf(check: () => unknown): unknown {
  return errorOf(check)?.code
}

function whyOf(check: () => unknown): unknown {
  return errorOf(check)?.details?.why
}

function errorOf(
  check: () => unknown,
): { readonly code?: string; readonly details?: { readonly why?: string } } | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return error as object
  }
}

const { judge, readFrame, readContentDigest, readEnvelope } = integrityRules

/** Broken decisions, each of which a sentence must notice. */
export const mutants: Readonly<Record<string, Partial<IntegrityRules>>> = {
  'takes a length for enough': {
    judge: (stated, bytes, must) =>
      stated.kind === 'stated' ? judge({ ...stated, digests: [] }, bytes, false) : judge(stated, bytes, must),
  },
  'looks at digests only': {
    judge: (stated, bytes, must) =>
      judge(stated.kind === 'stated' ? { ...stated, bytes: undefined } : stated, bytes, must),
  },
  'looks at the first digest only': {
    judge: (stated, bytes, must) =>
      judge(
        stated.kind === 'stated' ? { ...stated, digests: stated.digests.slice(0, 1) } : stated,
        bytes,
        must,
      ),
  },
  'allows more than was stated': {
    judge: (stated, bytes, must) =>
      judge(stated, stated.kind === 'stated' ? bytes.subarray(0, stated.bytes) : bytes, must),
  },
  'hands on what states nothing': { judge: (stated, bytes) => judge(stated, bytes, false) },
  'refuses what need not state anything': { judge: (stated, bytes) => judge(stated, bytes, true) },
  'takes what cannot be read for nothing stated': {
    judge: (stated, bytes, must) =>
      judge(stated.kind === 'malformed' ? { kind: 'none' } : stated, bytes, must),
  },
  'takes half a frame for none': {
    readFrame: (bytes) =>
      bytes.byteLength < 46 ? { stated: { kind: 'none' }, message: Buffer.from(bytes) } : readFrame(bytes),
  },
  'leaves the frame in the message': {
    readFrame: (bytes) => ({ ...readFrame(bytes), message: Buffer.from(bytes) }),
  },
  'does not know Repr-Digest': {
    readContentDigest: (header) =>
      readContentDigest((name) => (name === 'repr-digest' ? undefined : header(name))),
  },
  'holds a part to the digest of the whole': {
    readContentDigest: (header) =>
      readContentDigest((name) => (name === 'content-range' ? undefined : header(name))),
  },
  'forgets Content-Length': {
    readContentDigest: (header) =>
      readContentDigest((name) => (name === 'content-length' ? undefined : header(name))),
  },
  'digests the content of an envelope without its head': {
    readEnvelope: (bytes) => {
      const opened = readEnvelope(bytes)
      return opened.stated.kind === 'stated' ? { ...opened, stated: { kind: 'none' } } : opened
    },
  },
  'gives an envelope with its head as content': {
    readEnvelope: (bytes) => ({ ...readEnvelope(bytes), content: bytes }),
  },
}
