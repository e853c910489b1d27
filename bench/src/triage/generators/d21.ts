import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * It was done, and the person who asked for it is told that it was not: the page that should say so fails, or the state is
 * shown wrong. Some minutes later the person asks again, in a new form and often a new session. Each effect was wanted by
 * a person who believed there was none.
 */

interface Try {
  readonly intent: Intent
  readonly nth: number
  readonly at: number
  readonly key: string
  readonly session: string
  readonly isShownAsFailed: boolean
}

interface Tries {
  readonly all: readonly Try[]
  readonly untilMs: number
}

function triesOf(world: World): Tries {
  const { random, onsetMs, toMs } = world
  const untilMs = Math.min(toMs - 600_000, onsetMs + random.int(60, 150) * 60_000)
  const failing = random.between(0.5, 0.95)
  const patience = random.between(0.45, 0.8)
  const pauseMs = random.int(2, 6) * 60_000
  const all = world.traffic().flatMap((intent): Try[] => {
    const tries: Try[] = []
    let at = intent.at
    for (let nth = 1; nth <= 4 && at < toMs - 10_000; nth++) {
      const isShownAsFailed = at >= onsetMs && at < untilMs && random.chance(failing)
      const session = nth === 1 || random.chance(0.4) ? intent.session : world.id('session')
      tries.push({ intent, nth, at, session, isShownAsFailed, key: nth === 1 ? intent.key : random.uuid() })
      if (!isShownAsFailed || !random.chance(patience)) break
      at += random.logNormal(pauseMs, 0.7) + 15_000
    }
    return tries
  })
  return { all, untilMs }
}

function effectsOf(world: World, { all }: Tries): readonly Row[] {
  return all.map(({ intent, at, key }) => world.effect(intent, { key, at: at + intent.durationMs - 12 }))
}

function title(world: World): void {
  const { domain } = world
  world.title(`Customers with two ${domain.effects}, minutes apart`)
  world.summary(
    `Customers say that they were told it had not worked. On the side of the ${domain.provider} it had.`,
  )
}

/** The handler fails after the call of the provider: the access log has 500, the ledger has a success. */
function errorPage(world: World): void {
  const { random, domain } = world
  const found = triesOf(world)
  title(world)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  const status = random.pick([500, 500, 502])
  const requests = found.all.map(({ intent, at, key, session, isShownAsFailed }) =>
    world.request(intent, { at, key, session, status: isShownAsFailed ? status : 201 }),
  )
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requests,
    isEssential: true,
    optional: ['worker', 'host', 'version', 'key'],
  })
  const ledger = found.all.map(({ intent, at, key }) =>
    world.ledger(intent, { key, at: at + intent.durationMs - 8 }),
  )
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, isEssential: true, optional: ['worker'] })
  const failure = random.pick([
    `rendering of the confirmation failed: template ${domain.effect}_done not found`,
    'cannot serialise the answer: unexpected null in field "receipt"',
    'Internal Server Error: receipt service answered 404',
  ])
  const lines = found.all.flatMap(({ intent, at, isShownAsFailed }): Line[] =>
    isShownAsFailed
      ? [{ at: at + intent.durationMs, level: 'ERROR', message: failure, ref: intent.ref }]
      : [],
  )
  world.log('api', lines)
}

/** The page's own script fails on a good answer; only the browsers' log knows. */
function scriptError(world: World): void {
  const { random, domain, onsetMs } = world
  const found = triesOf(world)
  title(world)
  world.addEffects(effectsOf(world, found))
  const requests = found.all.map(({ intent, at, key, session }) =>
    world.request(intent, { at, key, session }),
  )
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requests,
    isEssential: true,
    optional: ['worker', 'host', 'version', 'key'],
  })
  const failure = random.pick([
    "TypeError: Cannot read properties of undefined (reading 'id')",
    'SyntaxError: Unexpected token < in JSON at position 0',
    'Uncaught (in promise) RangeError: Invalid time value',
  ])
  const lines = found.all.flatMap(({ intent, nth, at, session, isShownAsFailed }): Line[] => {
    const shown = { at: at + intent.durationMs + 60, session, ref: intent.ref }
    const pressed: Line[] =
      nth > 1
        ? [
            {
              at: at - 400,
              level: 'INFO',
              message: 'form opened and sent by the user',
              session,
              ref: intent.ref,
            },
          ]
        : []
    if (!isShownAsFailed) return pressed
    return [
      ...pressed,
      { ...shown, level: 'ERROR', message: failure },
      {
        ...shown,
        at: shown.at + 5,
        level: 'WARN',
        message: 'shown to the user: "Something went wrong, please try again"',
      },
    ]
  })
  world.log('browsers', lines, { isEssential: true })
  world.change({
    at: onsetMs - random.int(5, 300) * 1000,
    kind: 'deploy',
    name: 'customer-pages',
    message: `page after the ${domain.effect} written anew`,
    version: world.newVersion(),
  })
}

/** Staff see "failed" in their list, because the answer is taken for another state, and press the button again. */
function staff(world: World): void {
  const { random, domain } = world
  const found = triesOf(world)
  const agents = Array.from({ length: random.int(3, 9) }, () => world.id('agent'))
  title(world)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  const ledger = found.all.map(({ intent, at, key, isShownAsFailed }) =>
    world.ledger(intent, {
      key,
      at: at + intent.durationMs + 5,
      status: isShownAsFailed ? 'failed' : 'succeeded',
    }),
  )
  world.add({
    kind: 'ledger',
    name: 'list in the back office',
    rows: ledger,
    isEssential: true,
    optional: ['worker'],
  })
  const lines = found.all.map(
    ({ intent, nth, at }): Line => ({
      at: at - 300,
      level: 'INFO',
      message:
        nth === 1
          ? `${domain.effect} ordered by button`
          : `state is FAILED, "send again" pressed by user, reason: customer is waiting`,
      ref: intent.ref,
      user: random.pick(agents),
    }),
  )
  world.log('audit of the back office', lines, { isEssential: true })
}

export const d21: Generator = {
  cause: 'D21',
  variants: [
    { name: 'error-page', make: errorPage },
    { name: 'script-error', make: scriptError },
    { name: 'staff', make: staff },
  ],
}
