import { hasStatus, isAccepted, statusText, textOfAnswer } from '../answer.ts'
import type { Bench } from '../bench.ts'
import type { Check } from '../check.ts'
import { effectsText } from '../counting.ts'
import { malformed } from '../malformed.ts'
import { type Finding, fail, pass, skip } from '../report.ts'

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
  run: (bench) => otherForm(bench, { as: (key) => key, taken: 'taken, and the same key' }),
}

export const keyParameters: Check = {
  id: 'key-parameters',
  run: (bench) => otherForm(bench, { as: (key) => `"${key}";v=1`, taken: 'ignored' }),
}

/** Sends a key again in another form. It may be refused; it may not be taken for another key. */
async function otherForm(
  bench: Bench,
  { as, taken }: { readonly as: (key: string) => string; readonly taken: string },
): Promise<Finding> {
  if (bench.replaysDiffer) return skip('no replay is equal here')
  const work = bench.fresh()
  const first = await bench.send(work)
  const { value: again, effects } = await bench.counted([work], () =>
    bench.sendUntilFinal(work, { keyLines: [as(work.key)] }),
  )
  if (!isAccepted(again)) return skip(`refused: ${statusText(again)}`)
  const other = bench.difference(first, again)
  if (other !== undefined) return fail(`another key: ${other}`)
  if (effects !== undefined) return effects === 0 ? pass(taken) : fail('another key: an effect of its own')
  return (await bench.isTelling(first, work))
    ? pass(taken)
    : skip('answers do not tell, and effects were not counted')
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
