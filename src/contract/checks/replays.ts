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

/** Its statement is about the answers, so that it can be made without counting, too. */
export const replayEqual: Check = {
  id: 'replay-equal',
  run: async (bench) => {
    const work = bench.fresh()
    const { value, effects } = await bench.counted([work], async () => {
      const first = await bench.send(work)
      return bench.difference(first, await bench.sendUntilFinal(work))
    })
    bench.replaysDiffer = value !== undefined
    const finding = judged(value === undefined ? [] : [value], effects, 'the same')
    return finding.outcome === 'skip' ? pass('the same, effects not counted') : finding
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
    const first = await bench.sendUntilFinal(work)
    if (first.kind === 'unanswered' || first.status < 400)
      return skip(`the error body was not refused: ${textOfAnswer(first)}`)
    if (first.status >= 500 && profile.replaysErrors !== 'all')
      return skip(`${first.status} is not kept in this profile`)
    const again = await bench.sendUntilFinal(work)
    const other = bench.difference(first, again)
    if (other !== undefined && bench.replaysDiffer && !isAccepted(again))
      return skip('no replay is equal here')
    if (other !== undefined) return fail(other)
    if (saysReplayed(again)) return pass(`${textOfAnswer(again)}, marked as a replay`)
    // The same body under another key: only if it is answered otherwise does an equal answer show a replay.
    const control = await bench.send({ ...work, key: bench.fresh().key })
    return bench.difference(first, control) === undefined
      ? skip(`${textOfAnswer(again)} again, which a second run would answer too`)
      : pass(`${textOfAnswer(again)} again`)
  },
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
