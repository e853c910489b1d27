import { hasStatus, isAccepted, statusText, textOfAnswer } from '../answer.ts'
import type { Check } from '../check.ts'
import { effectsText } from '../counting.ts'
import { malformed } from '../malformed.ts'
import { fail, pass, skip } from '../report.ts'

export const missingKey: Check = {
  id: 'missing-key',
  run: async (bench) => {
    const work = bench.fresh()
    const { value: answer, effects } = await bench.counted([work], () => bench.send(work, { keyLines: [] }))
    bench.refusals.push(answer)
    const isRefused = hasStatus(answer, bench.settings.profile.missing ?? 400)
    const seen = `${textOfAnswer(answer)}${effects === undefined ? '' : `, ${effectsText(effects)}`}`
    return isRefused && (effects ?? 0) === 0 ? pass(seen) : fail(seen)
  },
}

export const malformedKey: Check = {
  id: 'malformed-key',
  run: async (bench) => {
    const wrong: string[] = []
    const { malformed: kinds } = bench.settings.profile
    for (const kind of kinds) {
      const work = bench.fresh()
      const { value: answer, effects } = await bench.counted([work], () => bench.send(work, malformed(kind)))
      bench.refusals.push(answer)
      const hasEffect = (effects ?? 0) > 0
      if (!hasStatus(answer, 400) || hasEffect)
        wrong.push(`${kind}: ${statusText(answer)}${hasEffect ? `, ${effectsText(effects)}` : ''}`)
    }
    return wrong.length === 0 ? pass(`400 for ${kinds.join(', ')}`) : fail(wrong.join('; '))
  },
}

export const bareKey: Check = {
  id: 'bare-key',
  run: async (bench, { work, answer }) => {
    if (bench.replaysDiffer) return skip('no replay is equal here')
    const again = await bench.sendUntilFinal(work, { keyLines: [work.key] })
    const other = bench.replayDifference(answer, again)
    if (other === undefined) return pass('taken, and the same key')
    return isAccepted(again) ? fail(`taken as another key: ${other}`) : skip(`refused: ${statusText(again)}`)
  },
}

export const keyParameters: Check = {
  id: 'key-parameters',
  run: async (bench, { work, answer }) => {
    if (bench.replaysDiffer) return skip('no replay is equal here')
    const again = await bench.sendUntilFinal(work, { keyLines: [`"${work.key}";v=1`] })
    const other = bench.replayDifference(answer, again)
    if (other === undefined) return pass('ignored')
    return isAccepted(again) ? fail(`part of the key: ${other}`) : skip(`refused: ${statusText(again)}`)
  },
}

/** Goes by the refusals of the other checks, and sends nothing. */
export const problemDetails: Check = {
  id: 'problem-details',
  run: async (bench) => {
    const refusals = bench.refusals.filter((answer) => answer.kind === 'answered' && answer.status >= 400)
    if (refusals.length === 0) return skip('nothing was refused')
    const plain = refusals.filter((answer) => !isExplained(answer.kind === 'answered' ? answer.headers : {}))
    if (plain.length === 0) return pass(`each of ${refusals.length} refusals`)
    return skip(`optional, and ${plain.length} of ${refusals.length} refusals without`)
  },
}

function isExplained(headers: Readonly<Record<string, string>>): boolean {
  return (
    /^application\/problem\+(json|xml)\b/i.test(headers['content-type'] ?? '') ||
    headers['link'] !== undefined
  )
}
