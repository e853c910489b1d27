import { faultProxy } from '../proxy/index.ts'
import type { OnEnd } from '../until-aborted.ts'
import { pause, type TargetBench } from './bench.ts'
import type { TargetDrillInfo } from './target.ts'

export interface TargetDrillContext {
  readonly bench: TargetBench
  /** Numbers in [0, 1) that follow from the seed and the drill alone. */
  readonly random: () => number
  plan(this: void, plan: object): void
  say(this: void, text: string): void
  readonly onEnd: OnEnd
}

export interface TargetDrill extends TargetDrillInfo {
  /** Injects the fault. Gives the keys it is about, and how often it has hit. */
  run(context: TargetDrillContext): Promise<{ readonly keys: readonly string[]; readonly faults: number }>
}

const crashes = 20
const crowd = 50
const apartMs = 40
const pairs = 10
const cuts = 10
const zombieAfterMs = 5

const keysOf = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index}`)

/** Every drill that a service of one's own is put through, in this order. */
export const targetDrills: readonly TargetDrill[] = [
  {
    id: 'crash-any-moment',
    fault: `an instance dies by SIGKILL at ${crashes} moments of a request, and is started again`,
    run: crashAnyMoment,
  },
  {
    id: 'stampede',
    fault: `${crowd} clients send one key at once, to all instances`,
    run: async ({ bench, plan, say }) => {
      plan({ crowd })
      say(`${crowd} clients, one key`)
      const [key = ''] = keysOf('stampede', 1)
      const sent = Array.from({ length: crowd }, (_, index) => bench.send(bench.service(index).url, key))
      await Promise.all(sent)
      return { keys: [key], faults: 1 }
    },
  },
  {
    id: 'forty-millisecond-race',
    fault: `the same key twice, ${apartMs} ms apart, to two instances`,
    run: async ({ bench, plan, say }) => {
      plan({ pairs, apartMs })
      say(`${pairs} keys, each twice, ${apartMs} ms apart`)
      const keys = keysOf('race', pairs)
      await Promise.all(
        keys.map(async (key) => {
          const first = bench.send(bench.service(0).url, key)
          await pause(apartMs)
          await Promise.all([first, bench.send(bench.service(1).url, key)])
        }),
      )
      return { keys, faults: keys.length }
    },
  },
  {
    id: 'reply-cut',
    fault: 'the service has done it, and the connection is reset before its reply',
    run: (context) => cutAtService(context, 'reply'),
  },
  {
    id: 'request-cut',
    fault: 'the connection is reset before the request reaches the service',
    run: (context) => cutAtService(context, 'request'),
  },
  {
    id: 'payload-swap',
    fault: 'the same key with another body',
    run: async ({ bench, plan, say }) => {
      plan({ keys: pairs })
      say(`${pairs} keys, each with two bodies`)
      const keys = keysOf('swap', pairs)
      for (const key of keys) {
        await bench.insist(key, bench.leaseMs)
        await bench.send(bench.service(1).url, key, 1)
      }
      return { keys, faults: keys.length }
    },
  },
  {
    id: 'zombie-worker',
    fault:
      'an instance stands still (SIGSTOP) in the middle of its requests for longer than a lease, and comes back',
    run: standStill,
  },
]

/** The moments are spread over the time that a request takes, and a little beyond. */
async function crashAnyMoment(context: TargetDrillContext): ReturnType<TargetDrill['run']> {
  const { bench, random } = context
  const [warm = '', measured = ''] = keysOf('undisturbed', 2)
  await bench.insist(warm, bench.leaseMs)
  const beganAtMs = performance.now()
  await bench.insist(measured, bench.leaseMs)
  const requestMs = performance.now() - beganAtMs
  const shares = Array.from({ length: crashes }, (_, index) => (1.2 * (index + random())) / crashes)
  context.plan({ crashesAtShareOfARequest: shares })
  context.say(`${crashes} crashes within the ${requestMs.toFixed(0)} ms of a request`)
  const keys = keysOf('crash', crashes)
  let faults = 0
  for (const [index, key] of keys.entries()) {
    const service = bench.service(0)
    const sent = bench.send(service.url, key)
    await pause(requestMs * (shares[index] ?? 0))
    await service.kill()
    if ((await sent) === 'unknown') faults += 1
    await bench.restart(service)
  }
  return { keys: [warm, measured, ...keys], faults }
}

async function cutAtService(
  context: TargetDrillContext,
  at: 'request' | 'reply',
): ReturnType<TargetDrill['run']> {
  const { bench } = context
  context.plan({ at, cuts })
  context.say(`${cuts} requests, each cut at the ${at}`)
  const proxy = await faultProxy({ target: bench.service(0).url })
  context.onEnd(() => proxy.close())
  const keys = keysOf(`${at}-cut`, cuts)
  const cut = proxy.cut({ at, times: cuts })
  for (const key of keys) await bench.send(proxy.through(bench.service(0).url), key)
  return { keys, faults: cut.count }
}

async function standStill({ bench, plan, say }: TargetDrillContext): ReturnType<TargetDrill['run']> {
  const stoppedMs = bench.leaseMs * 1.5
  plan({ keys: pairs, stoppedMs })
  say(`an instance stands still for ${stoppedMs} ms`)
  const keys = keysOf('zombie', pairs)
  const zombie = bench.service(0)
  const sent = keys.map((key) => bench.send(zombie.url, key))
  // Some are on their way to it, some in the middle of their work.
  await pause(zombieAfterMs)
  zombie.signal('SIGSTOP')
  await pause(stoppedMs)
  await Promise.all(keys.map((key) => bench.send(bench.service(1).url, key)))
  zombie.signal('SIGCONT')
  const answers = await Promise.all(sent)
  return { keys, faults: answers.length }
}
