import { type Answer, hasStatus, statusText } from '../answer.ts'
import type { Bench, Twist, Work } from '../bench.ts'
import type { Check } from '../check.ts'
import { type Finding, fail, pass, skip } from '../report.ts'

interface Elsewhere {
  readonly first: Answer
  /** The same twist under a key that nobody has used: how the service answers there when no key is in the way. */
  readonly control: Answer
  /** The same twist under the used key. */
  readonly same: Answer
  readonly effects: number | undefined
}

/** Sends a used key with a twist, and beside it an unused one, which tells what would be right. */
async function elsewhere(bench: Bench, twist: Twist): Promise<Elsewhere> {
  const work = bench.fresh()
  const first = await bench.send(work)
  const control = await bench.send({ ...work, key: bench.fresh().key } satisfies Work, twist)
  const { value: same, effects } = await bench.counted([work], () => bench.send(work, twist))
  return { first, control, same, effects }
}

/** Whether the answer is the first one's, as far as that can be told. */
function isReplayed(bench: Bench, { first, control, same, effects }: Elsewhere): boolean | undefined {
  if (bench.difference(first, same) !== undefined) return false
  if (bench.difference(first, control) !== undefined) return true
  return effects === undefined ? undefined : effects === 0
}

const cannotTell = 'the answers do not differ, and effects were not counted'

export const otherPath: Check = {
  id: 'other-path',
  run: async (bench) => {
    const { otherPath: path, profile } = bench.settings
    // A path that is not there shows at least what guards the whole service and forgets the path.
    const url = new URL(
      path ?? `${bench.target.pathname.replace(/\/$/, '')}-onceward-other-path`,
      bench.target,
    )
    const seen = await elsewhere(bench, { url })
    const replayed = isReplayed(bench, seen)
    if (replayed === true) return fail(`${url.pathname} answered as ${bench.target.pathname} did`)
    if (replayed === undefined) return skip(cannotTell)
    if (hasStatus(seen.control, 404, 405))
      return skip(
        `${url.pathname} gives ${statusText(seen.control)}: needs a path that takes the body (--other-path)`,
      )
    return judged(seen, profile.mismatch === undefined ? [] : [profile.mismatch])
  },
}

export const otherCaller: Check = {
  id: 'other-caller',
  run: async (bench) => {
    const { otherCaller: headers } = bench.settings
    if (headers === undefined) return skip('needs the headers of a second caller (--other-caller)')
    const seen = await elsewhere(bench, { headers })
    const replayed = isReplayed(bench, seen)
    if (replayed === true) return fail('the second caller got the answer of the first')
    return replayed === undefined ? skip(cannotTell) : judged(seen, [])
  },
}

function judged({ control, same }: Elsewhere, alsoAllowed: readonly number[]): Finding {
  const isAsAlone = control.kind === 'answered' && hasStatus(same, control.status, ...alsoAllowed)
  const text = `${statusText(same)}, with an unused key ${statusText(control)}`
  return isAsAlone ? pass(text) : fail(text)
}
