import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Two versions run side by side, and what one of them means is not what the other does: a node that the deploy left out
 * wakes up old code by a flag that was used again, or the old version cannot read what the new one wrote. Pairs come from
 * one node or one version alone; those on the others are served well.
 */

interface Served {
  readonly intent: Intent
  readonly worker: Worker
  readonly version: string
  /** Times at which it was done. */
  readonly times: readonly number[]
}

function effectsOf(world: World, found: readonly Served[]): readonly Row[] {
  return found.flatMap(({ intent, worker, version, times }) =>
    times.map((at, nth) =>
      world.effect(intent, {
        at,
        worker: worker.id,
        host: worker.host,
        version,
        key: nth === 0 ? intent.key : world.random.uuid(),
      }),
    ),
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`Some ${domain.thing}s have several ${domain.effects}`)
  world.summary(`Not all ${domain.thing}s: most are fine, and we do not see what the others have in common.`)
}

/** Several more by each pass of old code that thinks nothing was done yet. */
function timesOf(world: World, intent: Intent, most: number): readonly number[] {
  const { random } = world
  const times = [intent.at + intent.durationMs]
  for (let count = random.int(1, most); count > 0; count--)
    times.push((times.at(-1) ?? 0) + random.logNormal(1500, 0.6))
  return times
}

/** All hosts but one got the new version; a flag is set that means something else in the old one. */
function forgottenHost(world: World): Served[] {
  const { random, workers, onsetMs } = world
  const young = world.newVersion()
  const bad = random.pick(workers).host
  const most = random.pick([1, 2, 4])
  const deployMs = onsetMs - random.int(12, 36) * 60_000
  const hosts = [...new Set(workers.map(({ host }) => host))]
  for (const [nth, host] of hosts.filter((one) => one !== bad).entries())
    world.change({
      at: deployMs + nth * 90_000,
      kind: 'deploy',
      name: `rollout of host ${String.fromCodePoint(97 + nth)}`,
      message: 'new version on one host',
      version: young,
      host,
    })
  world.change({
    at: onsetMs - random.int(1, 20) * 1000,
    kind: 'flag',
    name: 'route_mode',
    message: random.pick([
      'flag number 8, free since the old routing was given up, is used for the new one: on',
      'on for all hosts (name taken over from an experiment that has ended)',
      'on: all that read it go by the new routing',
    ]),
  })
  return world.traffic().map((intent) => {
    const { worker } = intent
    const isOld = worker.host === bad || intent.at < deployMs
    const isBad = worker.host === bad && intent.at >= onsetMs
    const times = isBad ? timesOf(world, intent, most) : [intent.at + intent.durationMs]
    return { intent, worker, version: isOld ? world.version : young, times }
  })
}

function oneNode(world: World): void {
  const found = forgottenHost(world)
  title(world)
  world.addEffects(effectsOf(world, found), { keep: ['host', 'version'], drop: ['key'] })
  const ledger = found.map(({ intent }) => world.ledger(intent))
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, optional: ['worker', 'key'] })
}

/** The same, told by the hosts' log: which code went through, and which version it is. */
function oldPath(world: World): void {
  const { random, domain } = world
  const found = forgottenHost(world)
  title(world)
  world.addEffects(effectsOf(world, found), { keep: ['host'], drop: ['key'] })
  const [v1, v2] = random.pick([
    [`router v1: ${domain.thing} open, sending`, `router v2: ${domain.thing} sent`],
    ['LegacyDispatcher: parent not filled, next child', 'Dispatcher: child done, parent filled'],
    [`flag route_mode=on, old module sends the ${domain.thing}`, 'flag route_mode=on, new module, sent'],
  ] as const)
  const lines = found.flatMap(({ intent, worker, version, times }): Line[] => {
    const isBad = times.length > 1
    if (!isBad && !random.chance(0.4)) return []
    return times.map((at) => ({
      at: at - 4,
      level: isBad ? 'DEBUG' : 'INFO',
      message: isBad ? v1 : v2,
      ref: intent.ref,
      host: worker.host,
      version,
    }))
  })
  world.log('routers', lines, { isEssential: true })
}

/** A slow rollout: the old version takes up again what the new one did, as it does not know the new status. */
function notUnderstood(world: World): void {
  const { random, domain, onsetMs, toMs, workers } = world
  const young = world.newVersion()
  const half = Math.max(1, Math.floor(workers.length / 2))
  const [news, olds] = [workers.slice(0, half), workers.slice(half)]
  const untilMs = Math.min(toMs - 60_000, onsetMs + random.int(40, 110) * 60_000)
  const share = random.between(0.4, 0.9)
  const pollMs = random.pick([15_000, 30_000, 60_000])
  const rollout = { kind: 'deploy', version: young } as const
  const name = `${domain.service}-workers`
  world.change({ ...rollout, name, at: onsetMs - 2000, message: 'rolled out to half of the workers' })
  world.change({ ...rollout, name: `${name}-rest`, at: untilMs, message: 'rolled out to the other half' })
  title(world)
  const effects: Row[] = []
  const ledger: Row[] = []
  for (const intent of world.traffic()) {
    const isMixed = intent.at >= onsetMs && intent.at < untilMs
    const isNew = intent.at >= untilMs || (isMixed && news.includes(intent.worker))
    const version = isNew ? young : world.version
    const status = isNew ? 'completed' : 'done'
    effects.push(world.effect(intent, { version }))
    ledger.push(world.ledger(intent, { status, version }))
    if (!isMixed || !isNew || !random.chance(share)) continue
    const by = random.pick(olds)
    const at = intent.at + intent.durationMs + random.int(500, pollMs)
    effects.push(world.effect(intent, { at, version: world.version, worker: by.id, host: by.host }))
    ledger.push(world.ledger(intent, { at: at + 6, status: 'done', version: world.version, worker: by.id }))
  }
  world.addEffects(effects, { keep: ['version', 'worker'], drop: ['key'] })
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, isEssential: true, optional: ['worker'] })
}

export const d19: Generator = {
  cause: 'D19',
  variants: [
    { name: 'one-node', make: oneNode },
    { name: 'old-path', make: oldPath },
    { name: 'not-understood', make: notUnderstood },
  ],
}
