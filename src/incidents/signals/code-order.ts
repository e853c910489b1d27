import { type Material, type Measured, type Measures, searchQuery } from './material.ts'
import { evidenceOf, unknown } from './saying.ts'

export const codeMeasures: Measures = { 'code.effect-first': effectFirst }

/** A call of somebody else that cannot be taken back, by the names that such calls have. */
const target =
  /\b(?:(?:stripe|paypal|adyen|braintree|provider|payments?|mailer|mail|sms|partner|gateway|broker|producer)[\w.]*\.(?:create|send|charge|capture|publish|post|dispatch|pay|refund|submit)\w*|(?:charge|capture|refund|sendMail|sendEmail|dispatch|publish|payout)(?:[A-Z]\w*)?)\(/
const record = /\.(?:insert|save|upsert)\w*\(|\binsert\s+into\b/i
/** A function that is read at a glance. */
const nearLines = 20
const beginsFunction = /\bfunction\b|=>\s*\{\s*$|^\s*(?:async\s+)?def\s|^\s*func\s/

type Order = 'effect-first' | 'record-first'

function effectFirst(m: Material): Measured {
  let recordFirst: Measured | undefined
  for (const source of m.of('code'))
    for (const { path, text } of source.files ?? []) {
      const found = orderIn(text)
      if (found === undefined) continue
      const { order, line } = found
      const isEffectFirst = order === 'effect-first'
      const statement = `${path} calls the target at line ${line} and writes its record ${isEffectFirst ? 'after' : 'before'} it.`
      const measured = {
        value: isEffectFirst,
        statement,
        found: [evidenceOf(source, statement, searchQuery(source, isEffectFirst ? target : record))],
        names: [path],
      }
      if (isEffectFirst) return measured
      recordFirst ??= measured
    }
  return recordFirst ?? unknown('No code shows a call of the target beside its record.')
}

/** Of the first call of a target that has a record in its own function. */
function orderIn(code: string): { readonly order: Order; readonly line: number } | undefined {
  const lines = code.split('\n')
  for (const [at, text] of lines.entries()) {
    if (!target.test(text.replace(/\bfunction\s+\w+/, ''))) continue
    const begin = lines.slice(0, at + 1).findLastIndex((one) => beginsFunction.test(one))
    const next = lines.findIndex((one, place) => place > at && beginsFunction.test(one))
    const before = lines.slice(Math.max(0, begin, at - nearLines), at)
    const after = lines.slice(at + 1, Math.min(next === -1 ? lines.length : next, at + nearLines))
    // A claim before and a record after is the right order.
    if (before.some((one) => record.test(one))) return { order: 'record-first', line: at + 1 }
    if (after.some((one) => record.test(one))) return { order: 'effect-first', line: at + 1 }
  }
  return undefined
}
