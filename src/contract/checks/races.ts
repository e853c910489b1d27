import { type Answer, hasStatus, isAccepted, statusText, textOfAnswer } from '../answer.ts'
import type { Bench } from '../bench.ts'
import type { Check } from '../check.ts'
import { effectsText } from '../counting.ts'
import type { CutAt } from '../cut.ts'
import { type Finding, fail, pass, skip } from '../report.ts'

interface Round {
  readonly wrong: readonly string[]
  readonly seen: string
  readonly effects: number | undefined
}

/** Each round on its own; what fails in one fails the check. */
function together(rounds: readonly Round[]): Finding {
  const effects = rounds.some((round) => round.effects === undefined)
    ? undefined
    : Math.max(...rounds.map((round) => round.effects ?? 0))
  const wrong = rounds.flatMap((round) => round.wrong)
  if (wrong.length > 0) return fail(wrong.join('; '), effects)
  const seen = rounds.map((round) => round.seen).join('; ')
  return effects === undefined ? skip(`${seen}; effects were not counted`) : pass(seen, effects)
}

export const concurrentSameKey: Check = {
  id: 'concurrent-same-key',
  run: async (bench) => together([await race(bench, 2), await race(bench, 20)]),
}

async function race(bench: Bench, times: number): Promise<Round> {
  const work = bench.fresh()
  const { value, effects } = await bench.counted([work], async () => {
    const answers = await bench.sendTogether(work, times)
    return { answers, final: await bench.sendUntilFinal(work) }
  })
  const { profile } = bench.settings
  const waiting: readonly Answer[] = value.answers.filter((answer) => hasStatus(answer, ...profile.inFlight))
  bench.refusals.push(...waiting)
  const bad = value.answers
    .filter((answer) => !waiting.includes(answer))
    .map((answer) =>
      isAccepted(answer) ? bench.replayDifference(value.final, answer) : textOfAnswer(answer),
    )
    .find((text) => text !== undefined)
  const without = profile.needsRetryAfter && waiting.some((answer) => !hasRetryAfter(answer))
  const wrong = [
    ...(isAccepted(value.final) ? [] : [`a retry afterwards: ${textOfAnswer(value.final)}`]),
    ...(bad === undefined ? [] : [bad]),
    ...(without ? ['in flight without Retry-After'] : []),
    ...(effects === undefined || effects === 1 ? [] : [effectsText(effects)]),
  ]
  const results = times - waiting.length
  return {
    wrong: wrong.map((text) => `of ${times}: ${text}`),
    seen: `of ${times}: ${results} with the result, ${waiting.length} in flight, ${effectsText(effects)}`,
    effects,
  }
}

function hasRetryAfter(answer: Answer): boolean {
  return answer.kind === 'answered' && answer.headers['retry-after'] !== undefined
}

/** The reply is lost while the effect is at work, and when it is done. */
export const replyCut: Check = {
  id: 'reply-cut',
  run: async (bench) =>
    together([await cut(bench, 'sent', 'reset when sent'), await cut(bench, 'reply', 'reset in the reply')]),
}

export const requestCut: Check = {
  id: 'request-cut',
  run: async (bench) => together([await cut(bench, 'half-request', 'reset in the request')]),
}

async function cut(bench: Bench, at: CutAt, name: string): Promise<Round> {
  const work = bench.fresh()
  const { value: answer, effects } = await bench.counted([work], async () => {
    await bench.cut(work, at)
    // A client that lost a reply takes its time, too. Retrying at once would test concurrency, which has its own check.
    await bench.settled(work)
    return bench.sendUntilFinal(work)
  })
  const { patienceMs, profile } = bench.settings
  const stuck = hasStatus(answer, ...profile.inFlight) ? ` still after ${patienceMs} ms` : ''
  const wrong = [
    ...(isAccepted(answer) ? [] : [`${textOfAnswer(answer)}${stuck}`]),
    ...(effects === undefined || effects === 1 ? [] : [effectsText(effects)]),
  ]
  return {
    wrong: wrong.map((text) => `${name}: ${text}`),
    seen: `${name}: ${statusText(answer)}, ${effectsText(effects)}`,
    effects,
  }
}
