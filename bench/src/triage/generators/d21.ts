import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * It worked, and the person was shown that it did not: the page after it failed, the answer could not be read, a proxy
 * gave up. Minutes later the person does it all again, as a new intent with a key of its own, from the same or another
 * session. Machines tried nothing again.
 */

interface Tried {
  readonly intent: Intent
  readonly at: number
  readonly attempt: number
  readonly key: string
  readonly session: string
  /** What the person saw. */
  readonly isShownFailed: boolean
}

interface Fault {
  /** Of those who do it while the fault is there so many are shown a failure. */
  readonly share: number
}

/** People look at their inbox, think, call somebody; most do it again after one to twelve minutes. Some do not. */
function triesOf(world: World, { share }: Fault): readonly Tried[] {
  const { random, onsetMs, toMs } = world
  const untilMs = Math.min(toMs - 900_000, onsetMs + random.int(40, 120) * 60_000)
  return world.traffic().flatMap((intent) => {
    const found: Tried[] = []
    let at = intent.at
    for (let attempt = 1; attempt <= 4; attempt++) {
      const isShownFailed = at >= onsetMs && at < untilMs && random.chance(share)
      const key = attempt === 1 ? intent.key : random.uuid()
      const session = attempt === 1 || random.chance(0.7) ? intent.session : world.id('session')
      found.push({ intent, at, attempt, key, session, isShownFailed })
      at += Math.round(random.logNormal(200_000, 0.6)) + 25_000
      if (!isShownFailed || random.chance(0.25) || at > toMs - 5000) return found
    }
    return found
  })
}

/** The new intent has a number of its own; the thing that the person wants is the same. */
function effectsOf(world: World, tries: readonly Tried[]): readonly Row[] {
  const { random, domain } = world
  const number = random.pick(['submission', 'checkout', 'form'])
  const isNumbered = random.chance(0.6)
  return tries.map(({ intent, at, key }) =>
    world.effect(intent, {
      at: at + intent.durationMs,
      key,
      ...(isNumbered && { [`${number}_no`]: world.id(`${domain.thing} ${number}`) }),
    }),
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`Customers did it again and were ${domain.verb} twice`)
  world.summary(`Callers say that they were shown an error and tried once more.`)
}

/** The list of the target against our access log: 5xx on ours for what was done all the same, then another post. */
function errorAfterwards(world: World): void {
  const { random, onsetMs } = world
  const tries = triesOf(world, { share: random.between(0.25, 0.5) })
  title(world)
  world.addEffects(effectsOf(world, tries), { drop: ['key'] })
  const status = random.pick([500, 502, 500])
  const rows = tries.map(({ intent, at, key, session, isShownFailed }) =>
    world.request(intent, {
      at,
      key,
      session,
      status: isShownFailed ? status : 201,
      durationMs: intent.durationMs + (isShownFailed ? random.int(20, 120) : 10),
    }),
  )
  world.add({
    kind: 'requests',
    name: 'access',
    rows,
    isEssential: true,
    optional: ['worker', 'host', 'version', 'key'],
  })
  const error = random.pick([
    'TypeError: Cannot read properties of undefined (reading receiptUrl)',
    'TemplateError: confirmation.html: variable total is not defined',
    'NullPointerException at ConfirmationView.render',
  ])
  const lines = tries
    .filter(({ isShownFailed }) => isShownFailed)
    .map(({ intent, at }): Line => {
      return {
        at: at + intent.durationMs + 15,
        level: 'ERROR',
        message: `${error}, after commit`,
        ref: intent.ref,
      }
    })
  world.log('application', lines)
  if (random.chance(0.7))
    world.change({
      at: onsetMs - random.int(10, 300) * 1000,
      kind: 'deploy',
      name: 'confirmation-page',
      message: 'new page of confirmation with a link to the receipt',
    })
}

const shown: readonly string[] = [
  'error dialog shown: something went wrong, please try again',
  'toast error: your request could not be completed',
  'ui error page displayed, reason: response could not be parsed',
]

/** What the browsers report against the target: failures shown to people for what had succeeded. */
function shownByTheBrowser(world: World): void {
  const { random, domain, onsetMs } = world
  const tries = triesOf(world, { share: random.between(0.25, 0.6) })
  title(world)
  world.addEffects(effectsOf(world, tries), { name: `list of the ${domain.provider}` })
  const said = random.pick(shown)
  const lines = tries.flatMap(({ intent: { ref, durationMs }, at, session, isShownFailed }): Line[] => {
    const pressed: Line = { at: at - 30, level: 'INFO', message: 'submit pressed', ref, session }
    const end = at + durationMs + random.int(40, 200)
    if (isShownFailed) return [pressed, { at: end, level: 'ERROR', message: said, ref, session }]
    return [pressed, { at: end, level: 'INFO', message: 'confirmation shown', ref, session }]
  })
  world.log('browser events', lines, { isEssential: true })
  const rows = tries.map(({ intent, at, key, session }) =>
    world.request(intent, { at, key, session, status: 200 }),
  )
  world.add({
    kind: 'requests',
    name: `calls to the ${domain.provider}`,
    rows,
    optional: ['worker', 'host', 'version', 'session'],
  })
  if (random.chance(0.6))
    world.change({
      at: onsetMs - random.int(10, 300) * 1000,
      kind: random.pick(['deploy', 'flag'] as const),
      name: `${domain.service}-web`,
      message: 'answers are checked against the new schema before they are shown',
    })
}

/** Clerks at a console that says "failed": the record says failed too, the target says done; a clerk enters it again. */
function failedAtTheDesk(world: World): void {
  const { random, domain } = world
  const tries = triesOf(world, { share: random.between(0.25, 0.6) })
  title(world)
  world.addEffects(effectsOf(world, tries), { name: `list of the ${domain.provider}` })
  const ledger = tries.map(({ intent, at, key, isShownFailed }) =>
    world.ledger(intent, {
      at: at + intent.durationMs + 60,
      key,
      status: isShownFailed ? 'failed' : 'succeeded',
    }),
  )
  world.add({
    kind: 'ledger',
    name: 'own records',
    rows: ledger,
    isEssential: true,
    optional: ['worker', 'key'],
  })
  const lines = tries.flatMap(
    ({ intent: { ref, durationMs }, at, attempt, session, isShownFailed }): Line[] => {
      const entered = attempt === 1 ? 'entered by a clerk' : 'entered again by a clerk'
      const first: Line = { at: at - 20, level: 'INFO', message: `${domain.thing} ${entered}`, ref, session }
      if (!isShownFailed) return attempt > 1 || random.chance(0.2) ? [first] : []
      const message = `answer of the ${domain.provider} has an unknown state ACCEPTED, shown as failed`
      return [first, { at: at + durationMs + 40, level: 'WARN', message, ref, session }]
    },
  )
  world.log('console', lines, { isEssential: true })
}

export const d21: Generator = {
  cause: 'D21',
  variants: [
    { name: 'error-afterwards', make: errorAfterwards },
    { name: 'shown-by-the-browser', make: shownByTheBrowser },
    { name: 'failed-at-the-desk', make: failedAtTheDesk },
  ],
}
