import type { JSX } from 'preact'
import { number, percent } from '../format.ts'
import type { TriageDocument } from '../triage.ts'
import { DecisionTree } from './decision-tree.tsx'

/** A triage as it was recorded: causes, what to test next, what can be done meanwhile. */
export function TriageView({ document }: { document: Partial<TriageDocument> }): JSX.Element {
  const {
    hypotheses = [],
    plan = [],
    mitigations = [],
    contradictions = [],
    evidence = [],
    fixes = [],
  } = document
  return (
    <>
      <p>{document.problem ?? ''}</p>
      <section aria-labelledby="causes">
        <h2 id="causes">Causes</h2>
        <ol class="causes">
          {hypotheses.map(({ id, title, probability, label, mechanism, cheapestTest }) => (
            <li key={id}>
              <strong>
                {id} {title}
              </strong>{' '}
              <span class="badge">{label}</span>
              <meter min={0} max={1} value={probability} aria-label={`${id}: ${percent(probability)}`} />{' '}
              {percent(probability)}
              <p>{mechanism}</p>
              <p class="hint">Cheapest test: {cheapestTest}</p>
            </li>
          ))}
        </ol>
      </section>
      {plan.length === 0 ? null : <DecisionTree plan={plan} hypotheses={hypotheses} />}
      {mitigations.length === 0 ? null : (
        <section aria-labelledby="mitigations">
          <h2 id="mitigations">What can be done now</h2>
          <ul class="known">
            {mitigations.map(({ id, action, sacrifices, rollback }) => (
              <li key={id}>
                <strong>{action}.</strong> Sacrifices: {sacrifices}. Taken back by: {rollback}.
              </li>
            ))}
          </ul>
        </section>
      )}
      {fixes.length === 0 ? null : (
        <section aria-labelledby="fixes">
          <h2 id="fixes">What mends it</h2>
          <ul class="known">
            {fixes.map(({ id, change, test }) => (
              <li key={id}>
                <strong>{change}.</strong> Test: {test}.
              </li>
            ))}
          </ul>
        </section>
      )}
      {contradictions.length === 0 ? null : (
        <section aria-labelledby="contradictions">
          <h2 id="contradictions">Contradictions</h2>
          <ul class="known">
            {contradictions.map(({ claim, fact }, at) => (
              <li key={at}>
                “{claim}” {fact}
              </li>
            ))}
          </ul>
        </section>
      )}
      <details class="raw">
        <summary>{number(evidence.length)} pieces of evidence</summary>
        <ul class="known">
          {evidence.map(({ id, statement, source }) => (
            <li key={id}>
              <strong>{id}</strong> {statement} <span class="hint">{source}</span>
            </li>
          ))}
        </ul>
      </details>
    </>
  )
}
