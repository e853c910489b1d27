import { type Answer, hasStatus, isAccepted, statusText, textOfAnswer } from '../answer.ts'
import type { Bench, Work } from '../bench.ts'
import type { Check } from '../check.ts'
import { effectsText } from '../counting.ts'
import { type Finding, fail, pass, skip } from '../report.ts'
import { differingTemplate } from '../template.ts'

const many = 20
const notCounted = 'the answers agree, but effects were not counted (--count-url, --count-webhook)'

/**
 * What replays of a work come to: `differences` of the answers, and the effects of the first request and all replays.
 * Where answers agree and nothing was counted, nobody can know whether it was done again.
 */
function judged(differences: readonly string[], effects: number | undefined, good: string): Finding {
  const [first] = differences
  if (first !== undefined || (effects !== undefined && effects !== 1))
    return fail([...(first === undefined ? [] : [first]), effectsText(effects)].join(', '), effects)
  return effects === undefined ? skip(notCounted) : pass(`${good}, ${effectsText(effects)}`, effects)
}

/** About the answers; it can be made without counting where they tell a replay from a second run. */
export const replayEqual: Check = {
  id: 'replay-equal',
  run: async (bench) => {
    const work = bench.fresh()
    const { value, effects } = await bench.counted([work], async () => {
      const first = await bench.send(work)
      return { first, other: bench.difference(first, await bench.sendUntilFinal(work)) }
    })
    bench.replaysDiffer = value.other !== undefined
    const finding = judged(value.other === undefined ? [] : [value.other], effects, 'the same')
    if (finding.outcome !== 'skip') return finding
    return (await bench.isTelling(value.first, work))
      ? pass('the same, and another one for another key; effects not counted')
      : skip('the same, but for another key as well, and effects were not counted')
  },
}

export const replayMany: Check = {
  id: 'replay-many',
  run: async (bench) => {
    const work = bench.fresh()
    const { value, effects } = await bench.counted([work], async () => {
      const first = await bench.send(work)
      const differences: string[] = []
      for (let time = 1; time <= many; time += 1) {
        const other = bench.replayDifference(first, await bench.sendUntilFinal(work))
        if (other !== undefined) differences.push(`replay ${time}: ${other}`)
      }
      return differences
    })
    return judged(value, effects, `${many} times the same`)
  },
}

export const payloadSwap: Check = {
  id: 'payload-swap',
  run: async (bench) => {
    const work = bench.fresh()
    const template = differingTemplate(work.template)
    if (template === undefined) return skip('needs a body with {{uuid}}, {{n}} or a number in it')
    const swapped: Work = { ...bench.fresh(template), key: work.key }
    const { value, effects } = await bench.counted([work, swapped], async () => {
      const first = await bench.send(work)
      const refusal = await bench.sendUntilFinal(swapped)
      return { refusal, other: bench.replayDifference(first, await bench.sendUntilFinal(work)) }
    })
    bench.refusals.push(value.refusal)
    return judgedSwap(bench, value, effects)
  },
}

function judgedSwap(
  bench: Bench,
  { refusal, other }: { refusal: Answer; other: string | undefined },
  effects: number | undefined,
): Finding {
  const { mismatch } = bench.settings.profile
  const wrong = [
    ...(mismatch === undefined || hasStatus(refusal, mismatch) ? [] : [textOfAnswer(refusal)]),
    ...(other === undefined ? [] : [`the first payload afterwards: ${other}`]),
    ...(effects === undefined || effects === 1 ? [] : [effectsText(effects)]),
  ]
  if (wrong.length > 0) return fail(wrong.join(', '), effects)
  if (mismatch === undefined && effects === undefined) return skip(notCounted)
  return pass(`${statusText(refusal)}, ${effectsText(effects)}`, effects)
}

export const errorReplay: Check = {
  id: 'error-replay',
  run: async (bench) => {
    const { errorBody, profile } = bench.settings
    if (errorBody === undefined) return skip('needs a body that is refused (--error-body)')
    const work = bench.fresh(errorBody)
    const { value, effects } = await bench.counted([work], async () => {
      const first = await bench.sendUntilFinal(work)
      return { first, again: await bench.sendUntilFinal(work) }
    })
    if (value.first.kind === 'unanswered' || value.first.status < 400)
      return skip(`the error body was not refused: ${textOfAnswer(value.first)}`)
    // An error may have had its effect; a second one is a second one all the same.
    if (effects !== undefined && effects > 1)
      return fail(`${textOfAnswer(value.again)}, ${effectsText(effects)}`, effects)
    if (value.first.status >= 500 && profile.replaysErrors !== 'all')
      return skip(`${value.first.status} is not kept in this profile`)
    return judgedError(bench, work, value)
  },
}

async function judgedError(
  bench: Bench,
  work: Work,
  { first, again }: { readonly first: Answer; readonly again: Answer },
): Promise<Finding> {
  const other = bench.difference(first, again)
  if (other !== undefined && bench.replaysDiffer && !isAccepted(again)) return skip('no replay is equal here')
  if (other !== undefined) return fail(other)
  if (saysReplayed(again)) return pass(`${textOfAnswer(again)}, marked as a replay`)
  return (await bench.isTelling(first, work))
    ? pass(`${textOfAnswer(again)} again`)
    : skip(`${textOfAnswer(again)} again, which a second run would answer too`)
}

function saysReplayed(answer: Answer): boolean {
  if (answer.kind === 'unanswered') return false
  return ['idempotency-replayed', 'idempotent-replayed'].some((name) => answer.headers[name] === 'true')
}

export const replayAfterRestart: Check = {
  id: 'replay-after-restart',
  run: async (bench) => {
    const { restart, signal } = bench.settings
    if (restart === undefined) return skip('needs a command that restarts the service (--restart)')
    const work = bench.fresh()
    const { value: first, effects: before } = await bench.counted([work], () => bench.send(work))
    await restart(signal)
    await bench.untilReachable()
    const { value: other, effects: again } = await bench.counted([work], async () => {
      return bench.replayDifference(first, await bench.sendUntilFinal(work))
    })
    const effects = before === undefined || again === undefined ? undefined : before + again
    return judged(other === undefined ? [] : [other], effects, 'the same')
  },
}
