import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A person presses twice. Two requests of one session, well below a second apart, both fine; each went its own way through
 * the servers and each had its own effect. It goes on all the time at a small share, more where answers are slow.
 */

interface Press {
  readonly intent: Intent
  readonly nth: number
  readonly at: number
  readonly key: string
  readonly worker: Worker
}

interface Pressing {
  readonly share: number
  readonly sinceMs: number
}

function pressesOf(world: World, { share, sinceMs }: Pressing): readonly Press[] {
  const { random, workers } = world
  const medianMs = random.int(160, 420)
  return world
    .traffic({ count: random.int(350, 1000), medianMs: random.int(150, 600) })
    .flatMap((intent): Press[] => {
      const first = { intent, nth: 1, at: intent.at, key: intent.key, worker: intent.worker }
      // Who waits longer is more inclined to press again.
      const own = share * (intent.durationMs > 400 ? 1.8 : 0.8)
      if (intent.at < sinceMs || !random.chance(own)) return [first]
      const count = random.chance(0.06) ? 2 : 1
      const presses: Press[] = [first]
      for (let more = 0; more < count; more++) {
        const at =
          (presses.at(-1)?.at ?? intent.at) + Math.min(940, Math.max(70, random.logNormal(medianMs, 0.45)))
        presses.push({ intent, nth: more + 2, at, key: random.uuid(), worker: random.pick(workers) })
      }
      return presses
    })
}

function effectsOf(world: World, found: readonly Press[]): readonly Row[] {
  const { random } = world
  return found.map(({ intent, at, key, worker }) =>
    world.effect(intent, {
      at: at + intent.durationMs + random.int(-30, 30),
      key,
      worker: worker.id,
      host: worker.host,
    }),
  )
}

function requestsOf(world: World, found: readonly Press[]): readonly Row[] {
  return found.map(({ intent, at, key, worker }) =>
    world.request(intent, { at, key, worker: worker.id, host: worker.host }),
  )
}

function addAccess(world: World, found: readonly Press[]): void {
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requestsOf(world, found),
    isEssential: true,
    optional: ['worker', 'host', 'version', 'key'],
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`A few ${domain.effects} a day are double`)
  world.summary(
    `Support has some dozens of complaints about double ${domain.effects}, and has had some for months.`,
  )
}

/** Sessions in the access log. */
function accessLog(world: World): void {
  const { random } = world
  const found = pressesOf(world, { share: random.between(0.02, 0.07), sinceMs: world.fromMs })
  title(world)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  addAccess(world, found)
  const ledger = found.map(({ intent, key, at }) =>
    world.ledger(intent, { key, at: at + intent.durationMs + 5 }),
  )
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, optional: ['worker'] })
}

/** The browsers' own log of what people pressed. */
function clickLog(world: World): void {
  const { random, domain } = world
  const found = pressesOf(world, { share: random.between(0.03, 0.08), sinceMs: world.fromMs })
  title(world)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  const [shown, click, confirmed] = random.pick([
    ['form shown', 'click on #submit', 'confirmation shown'],
    ['navigation /new', `ui.click button.${domain.effect}`, 'navigation /done'],
    ['page_view form', 'event=tap target=form[type=submit]', 'page_view thanks'],
  ] as const)
  const lines = found.flatMap(({ intent, nth, at }): Line[] => {
    const row = { level: 'INFO', ref: intent.ref, session: intent.session }
    const seen: Line = { ...row, at: at - random.int(3, 12), message: click }
    if (nth > 1) return [seen]
    return [
      { ...row, at: at - random.int(9000, 80_000), message: shown },
      seen,
      { ...row, at: at + intent.durationMs + 80, message: confirmed },
    ]
  })
  world.log('browser events', lines, { isEssential: true })
  addAccess(world, found)
}

/** Since a version of the app the button can be pressed while the first request is under way. */
function appVersion(world: World): void {
  const { random, onsetMs } = world
  const young = world.newVersion()
  const found = pressesOf(world, { share: random.between(0.06, 0.15), sinceMs: onsetMs })
  world.title(`Twin ${world.domain.effects} from the app`)
  world.summary('All of them from people with the app, as far as support can say.')
  world.addEffects(effectsOf(world, found))
  const updated = random.between(0.5, 0.9)
  const clients = new Map<Intent, string>()
  for (const { intent, nth } of found) {
    const isNew = nth > 1 || (intent.at >= onsetMs && random.chance(updated))
    clients.set(intent, isNew ? young : world.version)
  }
  const rows = requestsOf(world, found).map((row, nth) => {
    const press = found[nth]
    return { ...row, version: undefined, app_build: press && clients.get(press.intent) }
  })
  world.add({
    kind: 'requests',
    name: 'mobile edge',
    rows,
    isEssential: true,
    optional: ['worker', 'host', 'key', 'app_build'],
  })
  world.change({
    at: onsetMs - random.int(30, 900) * 1000,
    kind: 'deploy',
    name: 'app-release',
    message: random.pick([
      'forms of the app written anew',
      'buttons give feedback at once; spinner removed',
      'new library of components in the app',
    ]),
    version: young,
  })
}

export const d26: Generator = {
  cause: 'D26',
  variants: [
    { name: 'access-log', make: accessLog },
    { name: 'click-log', make: clickLog },
    { name: 'app-version', make: appVersion },
  ],
}
