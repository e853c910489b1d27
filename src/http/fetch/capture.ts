import { emptyBody } from '../answer.ts'
import type { Answer, Captured, HeaderPairs } from '../message.ts'
import { replayedHeader } from '../replayed.ts'

/** A response, read whole; one larger than `maxBytes` is passed on while it is read. */
export interface ResponseCapture {
  readonly captured: Captured
  /** What to send where the answer is live. */
  readonly live?: Response
}

/** Reads a handler's response. Rejects where its body breaks off before the bound. */
export async function captureResponse(response: Response, maxBytes: number): Promise<ResponseCapture> {
  const head = { status: response.status, headers: pairsOf(response.headers) }
  if (response.body === null) return whole(head, emptyBody)
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return whole(head, chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks))
    chunks.push(value)
    bytes += value.byteLength
    if (bytes > maxBytes) return live(response, head, { reader, chunks, bytes })
  }
}

type Head = Omit<Answer, 'body'>

function whole(head: Head, body: Uint8Array): ResponseCapture {
  return { captured: { kind: 'answer', answer: { ...head, body } } }
}

interface Begun {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
}

function live(response: Response, head: Head, { reader, chunks, bytes: read }: Begun): ResponseCapture {
  let bytes = read
  let settle: { resolve(bytes: number): void; reject(error: unknown): void }
  const done = new Promise<number>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Its rejection is looked at once the reply has been given; until then it is nobody's.
  done.catch(() => undefined)
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk)
    },
    pull: async (controller) => {
      try {
        const next = await reader.read()
        if (next.done) {
          controller.close()
          settle.resolve(bytes)
          return
        }
        bytes += next.value.byteLength
        controller.enqueue(next.value)
      } catch (error) {
        controller.error(error)
        settle.reject(error)
      }
    },
    cancel: async (reason) => {
      settle.reject(new Error('the client left before the answer was whole'))
      await reader.cancel(reason)
    },
  })
  const { status, statusText, headers } = response
  return { captured: { kind: 'live', head, done }, live: new Response(body, { status, statusText, headers }) }
}

function pairsOf(headers: Headers): HeaderPairs {
  return [...headers]
}

/** A response of an answer. */
export function responseOf(answer: Answer, isReplay = false): Response {
  const headers = new Headers(answer.headers as [string, string][])
  if (isReplay) headers.set(replayedHeader, 'true')
  const isBodiless = answer.status === 204 || answer.status === 205 || answer.status === 304
  const body = isBodiless || answer.body.length === 0 ? null : (answer.body as string)
  return new Response(body, { status: answer.status, headers })
}
