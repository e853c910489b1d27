import { parentPort } from 'node:worker_threads'
import { type Chunk, runChunk } from './campaign.ts'

/* A thread of a campaign: runs the chunks that it is told, one after the other, and says what came of each. */

const port = parentPort
if (port === null) throw new Error('This file is run as a thread of `onceward simulate`.')
port.on('message', (chunk: Chunk) => {
  runChunk(chunk).then(
    (report) => port.postMessage(report),
    (error: unknown) => {
      throw error
    },
  )
})
