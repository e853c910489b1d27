import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../kernel/errors.ts'
import { type Journal, openJournal } from '../../testing/journal.ts'
import type { ClientConfig, Counts, WorkerAddress } from '../messages.ts'
import type { Order } from '../orders.ts'
import { seededShare } from '../../testing/random.ts'
import { type FaultSchedule, readSchedule } from '../schedule.ts'
import { type Link, runAsChild, type Running } from './child.ts'
import { makePace, type Pace } from './pace.ts'

/** The customers: each sends its order, waits up to its limit, and sends it again, to another worker. */
runAsChild(startClient)

/** Below the provider's slow answers, above everything else. */
const patienceMs = 1_500
const doubleClickMs = 40
const maxTries = 40
const progressMs = 200

type Ending =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'broken'; readonly message: string }

interface Crowd {
  readonly seed: number
  readonly schedule: FaultSchedule
  readonly journal: Journal
  readonly pace: Pace
  readonly progress: { accepted: number; ended: number; clientRetries: number; doubleClicks: number }
  workers: readonly WorkerAddress[]
}

function startClient(config: ClientConfig, link: Link): Promise<Running> {
  const orders = JSON.parse(readFileSync(config.ordersPath, 'utf8')) as readonly Order[]
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  const crowd: Crowd = {
    seed: config.seed,
    schedule: readSchedule(config.schedulePath),
    journal: openJournal(config.journalPath),
    pace: makePace(),
    progress: { accepted: 0, ended: 0, clientRetries: 0, doubleClicks: 0 },
    workers: [],
  }
  link.onWorkers((workers) => {
    crowd.workers = workers
    if (workers.length > 0) open()
  })
  const ticking = setInterval(() => link.progress('progress', crowd.progress), progressMs)
  const buying = opened.then(() => buyAll(crowd, orders))
  buying.then(
    () => link.progress('done', crowd.progress),
    (error: unknown) => {
      process.stderr.write(`${messageOf(error)}\n`)
      process.exit(1)
    },
  )
  const stop = (): Promise<Counts> => {
    clearInterval(ticking)
    crowd.journal.close()
    return Promise.resolve({})
  }
  return Promise.resolve({ address: '', stop })
}

async function buyAll(crowd: Crowd, orders: readonly Order[]): Promise<void> {
  const slow = new Set(crowd.schedule.slow)
  const doubleClicks = new Set(crowd.schedule.doubleClicks)
  const underWay: Promise<void>[] = []
  for (const order of orders) {
    await crowd.pace.take()
    underWay.push(buy(crowd, order, slow.has(order.id)))
    if (doubleClicks.has(order.id)) underWay.push(clickAgain(crowd, order))
  }
  await Promise.all(underWay)
}

async function buy(crowd: Crowd, order: Order, isSlow: boolean): Promise<void> {
  const { progress, seed, pace } = crowd
  for (let tries = 0; tries < maxTries; tries++) {
    if (tries > 0) {
      progress.clientRetries++
      await sleep(50 + seededShare(seed, 'wait', order.id, String(tries)) * 150)
    }
    const ending = await send(crowd, order, tries)
    if (tries === 0) pace.release(ending.kind === 'timed-out' && !isSlow)
    if (ending.kind === 'answered' && ending.status < 300) {
      progress.accepted++
      break
    }
  }
  progress.ended++
}

async function clickAgain(crowd: Crowd, order: Order): Promise<void> {
  await sleep(doubleClickMs)
  crowd.progress.doubleClicks++
  await send(crowd, order, 1)
}

async function send(crowd: Crowd, order: Order, tries: number): Promise<Ending> {
  const { workers, seed, journal } = crowd
  // The next try goes to the next worker in line, so never to the one that has just failed.
  const first = Math.floor(seededShare(seed, 'worker', order.id) * 1_000)
  const worker = workers[(first + tries) % Math.max(1, workers.length)]
  const ending = worker === undefined ? noWorker : await post(worker.url, order)
  journal.append({ order: order.id, try: tries, worker: worker?.name ?? '', ...ending })
  return ending
}

const noWorker: Ending = { kind: 'broken', message: 'no worker is up' }

async function post(url: string, order: Order): Promise<Ending> {
  try {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(patienceMs),
    })
    await response.arrayBuffer()
    return { kind: 'answered', status: response.status }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') return { kind: 'timed-out' }
    return { kind: 'broken', message: messageOf(error) }
  }
}
