import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import type { Triage } from '../../../src/incidents/triage-shape.ts'
import { triage } from '../../../src/incidents/triage.ts'
import { fulfilment } from './fulfilment.ts'

const script = '<script>alert(1)</script><img src=x onerror=alert(1)>'
const hostile = `${script} \u001b[2J\u001b]0;x\u0007 \u202egnp.exe [link](javascript:alert(1)) https://evil.example \`code\` | cell & "quotes" 'too' ${'w'.repeat(200)} 漢字漢字 \ud800`

/** Every place that other people's text comes to. */
export function hostileTriage(): Triage {
  const given = fulfilment()
  const evidence = given.evidence.map((each) => ({
    ...each,
    source: hostile,
    statement: hostile,
    query: hostile,
  }))
  const signals = given.signals.map((signal) => ({ ...signal, statement: hostile }))
  const claims = [{ place: hostile, text: `The ALB retries the POST ${hostile}`, evidence: 'E900' }]
  const changes = given.bundle.changes.map((change) => ({
    ...change,
    name: `${change.name} ${hostile}`,
    text: hostile,
  }))
  return triage(
    {
      bundle: { ...given.bundle, id: hostile, title: hostile, claims, changes, notes: [hostile] },
      evidence,
      signals,
    },
    { catalogue: builtInCatalogue() },
  )
}
