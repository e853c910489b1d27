import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A person presses twice. Two requests leave one browser within a second, each with a key of its own or with none, and
 * each is served as if it were the only one. Those who press twice do so the whole day, on whatever server they land.
 */

interface Press {
  readonly intent: Intent
  readonly at: number
  readonly key: string
  readonly tookMs: number
  readonly worker: Worker
}

interface Habits {
  /** Of the visitors so many press twice, before and after the onset. */
  readonly shares: readonly [number, number]
}

/** Fingers take 90 to 700 ms from one press to the next. */
function pressesOf(world: World, { shares }: Habits): readonly (readonly Press[])[] {
  const { random, workers, onsetMs } = world
  return world.traffic({ medianMs: random.int(250, 1200) }).map((intent) => {
    const { at, key, worker, durationMs } = intent
    const first: Press = { intent, at, key, worker, tookMs: durationMs }
    if (!random.chance(shares[at < onsetMs ? 0 : 1])) return [first]
    const gapMs = Math.min(920, 80 + random.logNormal(190, 0.55))
    const second: Press = {
      intent,
      at: at + gapMs,
      key: random.uuid(),
      worker: random.pick(workers),
      tookMs: random.logNormal(durationMs, 0.2),
    }
    // A third press is rare.
    const third: Press = { ...second, at: second.at + random.int(90, 300), key: random.uuid() }
    return random.chance(0.06) ? [first, second, third] : [first, second]
  })
}

function effectsOf(world: World, presses: readonly Press[], isKeyed: boolean): readonly Row[] {
  return presses.map(({ intent, at, key, tookMs, worker }) =>
    world.effect(intent, {
      at: at + tookMs,
      key: isKeyed ? key : undefined,
      worker: worker.id,
      host: worker.host,
    }),
  )
}

function requestsOf(world: World, presses: readonly Press[], isKeyed: boolean): readonly Row[] {
  return presses.map(({ intent, at, key, tookMs, worker }) =>
    world.request(intent, {
      at,
      key: isKeyed ? key : undefined,
      durationMs: tookMs,
      worker: worker.id,
      host: worker.host,
    }),
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`Customers complain of double ${domain.effects}`)
  world.summary(`Single customers were ${domain.verb} twice within a moment. Nothing in our error logs.`)
}

/** The access log with sessions: two posts of one session within a second, both answered with 201. */
function accessLog(world: World): void {
  const { random } = world
  const share = random.between(0.02, 0.08)
  const presses = pressesOf(world, { shares: [share, share] }).flat()
  const isKeyed = random.chance(0.6)
  title(world)
  world.addEffects(effectsOf(world, presses, isKeyed))
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requestsOf(world, presses, isKeyed),
    isEssential: true,
    optional: ['worker', 'host', 'version'],
  })
}

const clicks: readonly (readonly [string, string])[] = [
  ['ui.click button=submit', 'ui.request sent'],
  ['[form] submit event', '[form] fetch started'],
  ['interaction: tap on confirm', 'api call started'],
]

/** What the browsers report: presses and requests, by session. A new form leaves the button as it is while it sends. */
function browserEvents(world: World): void {
  const { random, domain, onsetMs } = world
  const presses = pressesOf(world, { shares: [random.between(0, 0.004), random.between(0.06, 0.14)] }).flat()
  title(world)
  world.change({
    at: onsetMs - random.int(20, 400) * 1000,
    kind: 'deploy',
    name: `${domain.service}-web`,
    message: 'the new form is shown; the button stays active while the request runs',
  })
  world.addEffects(effectsOf(world, presses, random.chance(0.5)), { drop: ['key'] })
  const [pressed, sent] = random.pick(clicks)
  const lines = presses.flatMap(({ intent: { ref, session }, at }): Line[] => [
    { at: at - random.int(2, 15), level: 'INFO', message: pressed, ref, session },
    { at, level: 'INFO', message: sent, ref, session, endpoint: domain.path },
  ])
  world.log('browser events', lines, { isEssential: true })
}

/** Forms without a script: the second post aborts the first, whose client is gone (499), but both are carried out. */
function abortedFirst(world: World): void {
  const { random } = world
  const share = random.between(0.02, 0.07)
  const all = pressesOf(world, { shares: [share, share] })
  title(world)
  world.addEffects(effectsOf(world, all.flat(), false))
  const rows = all.flatMap((presses) =>
    requestsOf(world, presses, false).map((row, at) => {
      const next = presses[at + 1]
      const isAborted = next !== undefined && next.at < row.at + Number(row.durationMs)
      return isAborted ? { ...row, status: 499, durationMs: next.at - row.at } : { ...row, status: 303 }
    }),
  )
  world.add({
    kind: 'requests',
    name: 'edge access',
    rows,
    isEssential: true,
    optional: ['worker', 'host', 'version'],
  })
  const lines = all
    .filter(({ length }) => length > 1)
    .flatMap(([first, second]): Line[] => {
      if (first === undefined || second === undefined) return []
      const { ref, session } = first.intent
      return [
        {
          at: second.at + 1,
          level: 'INFO',
          message: 'client closed the connection before the answer',
          ref,
          session,
        },
      ]
    })
  world.log('edge', lines)
}

export const d26: Generator = {
  cause: 'D26',
  variants: [
    { name: 'access-log', make: accessLog },
    { name: 'browser-events', make: browserEvents },
    { name: 'aborted-first', make: abortedFirst },
  ],
}
