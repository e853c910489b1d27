import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Look whether it was done, then do it, then write it down: two workers look within the same milliseconds, both find
 * nothing, both do it. It takes two workers on one thing at once, so that it comes with load and with more workers.
 */

interface Race {
  readonly intent: Intent
  readonly others: readonly { readonly at: number; readonly worker: Worker }[]
}

/** The more is going on in a minute, the likelier it is that two take the same. */
function racesOf(world: World, options: { readonly fromMs: number }): readonly Race[] {
  const { random, workers, toMs, onsetMs } = world
  const calm = world.traffic({ count: random.int(250, 600) })
  const peaks = Array.from({ length: random.int(2, 4) }, () => random.int(onsetMs, toMs - 1_200_000))
  const busy = peaks.flatMap((fromMs) =>
    world.traffic({ fromMs, toMs: fromMs + random.int(6, 15) * 60_000, count: random.int(150, 350) }),
  )
  const intents = [...calm, ...busy].toSorted((a, b) => a.at - b.at)
  const perMinute = new Map<number, number>()
  for (const { at } of intents)
    perMinute.set(Math.floor(at / 60_000), (perMinute.get(Math.floor(at / 60_000)) ?? 0) + 1)
  const most = Math.max(...perMinute.values())
  const worst = random.between(0.12, 0.35)
  return intents.map((intent) => {
    const load = (perMinute.get(Math.floor(intent.at / 60_000)) ?? 0) / most
    if (intent.at < options.fromMs || !random.chance(worst * load * load)) return { intent, others: [] }
    const worker = random.pick(workers.filter((one) => one !== intent.worker))
    return { intent, others: [{ at: intent.at + intent.durationMs + random.int(1, 70), worker }] }
  })
}

function effectsOf(world: World, races: readonly Race[]): readonly Row[] {
  return races.flatMap(({ intent, others }) => [
    world.effect(intent),
    ...others.map(({ at, worker }) => world.effect(intent, { at, worker: worker.id, host: worker.host })),
  ])
}

function title(world: World): void {
  const { domain } = world
  world.title(`Twin ${domain.effects}`)
  world.summary(`Two ${domain.effects} at nearly the same time, mostly when much is going on.`)
}

/** Workers that fetch pending rows without a lock: their effects, the records, and more of them since a change. */
function pendingRows(world: World): void {
  const { random, domain, onsetMs } = world
  const isSince = random.chance(0.6)
  const races = racesOf(world, { fromMs: isSince ? onsetMs : world.fromMs })
  title(world)
  if (isSince)
    world.change({
      at: onsetMs - random.int(5, 120) * 1000,
      kind: 'scale',
      name: `${domain.service}-workers`,
      message: `workers from 1 to ${world.workers.length}`,
    })
  const isAlone = world.workers[0]
  const rows = effectsOf(world, races).map((row) =>
    isSince && row.at < onsetMs && isAlone !== undefined
      ? { ...row, worker: isAlone.id, host: isAlone.host }
      : row,
  )
  world.addEffects(rows, { keep: ['worker'] })
  world.add({
    kind: 'ledger',
    name: 'records',
    rows: races.map(({ intent }) => world.ledger(intent)),
    optional: ['worker'],
  })
  world.code(
    'worker',
    'py',
    `def handle(job):\n    if db.find_outcome(job.ref) is None:\n        result = ${domain.service}.create(job)\n        db.save_outcome(job.ref, result)\n`,
  )
}

/** A text log in which two workers say that they found nothing. */
function foundNothing(world: World): void {
  const { random } = world
  const races = racesOf(world, { fromMs: world.fromMs })
  title(world)
  world.addEffects(effectsOf(world, races), { keep: ['worker'] })
  const lines = races.flatMap(({ intent, others }): Line[] => {
    if (others.length === 0 && !random.chance(0.3)) return []
    const start = intent.at + Math.floor(intent.durationMs / 3)
    const all = [
      { at: start, worker: intent.worker },
      ...others.map(({ worker }) => ({ at: start + random.int(0, 20), worker })),
    ]
    return all.map(({ at, worker }) => ({
      at,
      level: 'DEBUG',
      message: 'no outcome recorded yet, going ahead',
      ref: intent.ref,
      worker: worker.id,
    }))
  })
  world.log('workers', lines)
}

/** The same request by two ways into the house at once (a hedged call); two handlers, the same key, both 201. */
function hedged(world: World): void {
  const { random } = world
  const races = racesOf(world, { fromMs: world.fromMs })
  title(world)
  world.addEffects(effectsOf(world, races), { keep: ['worker'] })
  const calls = races.flatMap(({ intent, others }) => [
    world.request(intent),
    ...others.map(({ worker, at }) => {
      const start = intent.at + random.int(1, 40)
      return world.request(intent, {
        at: start,
        worker: worker.id,
        host: worker.host,
        durationMs: Math.max(1, at - start),
      })
    }),
  ])
  world.add({
    kind: 'requests',
    name: 'handlers',
    rows: calls,
    isEssential: true,
    optional: ['session', 'host', 'version'],
  })
}

export const d10: Generator = {
  cause: 'D10',
  variants: [
    { name: 'pending-rows', make: pendingRows },
    { name: 'found-nothing', make: foundNothing },
    { name: 'hedged', make: hedged },
  ],
}
