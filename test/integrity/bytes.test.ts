import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import {
  createIntegrity,
  frameBytes,
  openEnvelopeFile,
  packEnvelope,
  packEnvelopeStream,
  writeEnvelopeFile,
} from '../../src/integrity/index.ts'
import { integrityWith } from '../../src/integrity/integrity.ts'
import { integrityRules } from '../../src/integrity/rules.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { mutants, sentences } from './support/sentences.ts'
import { batchBytes, type BatchMessage, batchOf, batchSchema } from './support/shop.ts'

describe('bytes', () => {
  it.each(Object.entries(sentences))('%s', (_, holds) => {
    holds(createIntegrity)
  })

  it.each(Object.entries(mutants))('a sentence notices a check that %s', (_, broken) => {
    const rules = { ...integrityRules, ...broken }
    const noticed = Object.values(sentences).filter((holds) => {
      try {
        holds((options = {}) => integrityWith(options, rules))
        return false
      } catch {
        return true
      }
    })
    expect(noticed.length).toBeGreaterThan(0)
  })
})

describe('the danger', () => {
  const message = batchBytes(batchOf('b', 2, 0))
  const decodes = (bytes: Uint8Array): boolean => {
    try {
      fromBinary(batchSchema, bytes)
      return true
    } catch {
      return false
    }
  }

  const isHeld = (bytes: Uint8Array): unknown =>
    (fromBinary(batchSchema, bytes) as BatchMessage).holdForReview ?? false

  it('some proper prefixes of a protobuf message decode without an error, and all are refused with integrity', () => {
    const integrity = createIntegrity()
    const prefixes = Array.from({ length: message.length }, (_, end) => message.subarray(0, end))
    const decoded = prefixes.filter(decodes)
    console.log(
      `of ${prefixes.length} proper prefixes of one message ${decoded.length} decode without an error`,
    )
    expect(decoded.length).toBe(4)
    // Which are not even the same message: the batch says that it holds orders for review, and they do not.
    expect(isHeld(message)).toBe(true)
    expect(decoded.filter(isHeld)).toEqual([])
    const framed = integrity.frame(message)
    const handedOn = Array.from({ length: framed.length }, (_, end) => framed.subarray(0, end)).filter(
      (prefix) => {
        try {
          integrity.unframe(prefix, 'm')
          return true
        } catch {
          return false
        }
      },
    )
    expect(handedOn).toEqual([])
    expect(integrity.counts()).toEqual({ payload_refused: framed.length })
  })

  it('who does not know the frame decodes the message all the same', () => {
    const framed = createIntegrity().frame(message)
    expect(framed.length).toBe(message.length + frameBytes)
    expect(fromBinary(batchSchema, framed, { readUnknownFields: false })).toEqual(
      fromBinary(batchSchema, message),
    )
  })
})

it('an event tells of each refusal, with the sizes', () => {
  const integrity = createIntegrity()
  const seen: unknown[] = []
  integrity.on('payload_refused', (event) => seen.push(event))
  integrity.on('payload_refused', () => {
    throw new Error('a listener of no use')
  })
  const framed = integrity.frame(Buffer.from('hello'))
  expect(() => integrity.unframe(framed.subarray(0, -1), '/shop.Orders/Dispatch')).toThrow(
    'A message of /shop.Orders/Dispatch was cut: 4 bytes of 5 stated.',
  )
  expect(seen).toEqual([{ method: '/shop.Orders/Dispatch', why: 'cut', bytes: 4, statedBytes: 5 }])
})

describe('files', () => {
  const pieces = Array.from({ length: 40 }, (_, at) => Buffer.alloc(50_000, at))
  const content = Buffer.concat(pieces)

  it('a large file is written and read in pieces, and is as long and digests as what went in', async () => {
    const path = join(temporaryDirectory(), 'batch.once')
    await writeEnvelopeFile(path, pieces, { contentType: 'application/x-ndjson', algorithm: 'sha-512' })
    const file = await openEnvelopeFile(path, createIntegrity())
    const hash = createHash('sha256')
    let largest = 0
    for await (const piece of file.content()) {
      hash.update(piece)
      largest = Math.max(largest, piece.byteLength)
    }
    await file.close()
    expect({ ...file, bytes: file.bytes }).toMatchObject({
      contentType: 'application/x-ndjson',
      bytes: content.length,
    })
    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'))
    expect(largest).toBeLessThan(content.length / 4)
  })

  it('in one piece or in many, the envelope is the same', async () => {
    const streamed: Uint8Array[] = []
    for await (const piece of packEnvelopeStream(pieces)) streamed.push(piece)
    expect(Buffer.concat(streamed).equals(packEnvelope(content))).toBe(true)
  })

  it.each([
    ['cut', (path: string) => truncateSync(path, 4096)],
    ['cut by one byte', (path: string) => truncateSync(path, sizeOf(path) - 1)],
    ['cut to nothing', (path: string) => truncateSync(path, 0)],
    ['padded', (path: string) => appendFileSync(path, 'x')],
    ['altered', (path: string) => alter(path, 100_000)],
    ['altered in its type', (path: string) => alter(path, 14)],
  ])('a file that was %s is refused before any of it is given', async (_, harm) => {
    const path = join(temporaryDirectory(), 'batch.once')
    await writeEnvelopeFile(path, pieces, { contentType: 'text/csv' })
    harm(path)
    const integrity = createIntegrity()
    await expect(openEnvelopeFile(path, integrity)).rejects.toMatchObject({ code: 'PAYLOAD_ALTERED' })
    expect(integrity.counts()).toEqual({ payload_refused: 1 })
  })

  it('a file that changes after it was opened is refused at its end', async () => {
    const path = join(temporaryDirectory(), 'batch.once')
    await writeEnvelopeFile(path, pieces)
    const file = await openEnvelopeFile(path, createIntegrity())
    alter(path, 100_000)
    const reading = (async () => {
      for await (const _ of file.content());
    })()
    await expect(reading).rejects.toMatchObject({ code: 'PAYLOAD_ALTERED', details: { why: 'altered' } })
    await file.close()
  })
})

function sizeOf(path: string): number {
  return statSync(path).size
}

function alter(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}
