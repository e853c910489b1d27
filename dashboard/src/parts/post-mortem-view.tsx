import type { ComponentChildren, JSX } from 'preact'
import type { PostMortemDocument } from '../post-mortem.ts'
import { Instant } from './basics.tsx'

/** A post-mortem as it was recorded, without its charts: those are in the file that is archived. */
export function PostMortemView({ document }: { document: Partial<PostMortemDocument> }): JSX.Element {
  const { window, impact = [], timeline = [], causes = [], controls = [], remediation = [] } = document
  return (
    <>
      <p>{document.summary ?? ''}</p>
      <dl class="facts">
        {window === undefined ? null : (
          <div>
            <dt>From, to</dt>
            <dd>
              <Instant at={window.from} /> to <Instant at={window.to} />
            </dd>
          </div>
        )}
        {impact.map(({ label, value, unit = '' }, at) => (
          <div key={at}>
            <dt>{label}</dt>
            <dd>
              {value} {unit}
            </dd>
          </div>
        ))}
      </dl>
      <Part id="customers" title="What customers saw" items={[document.customerImpact ?? '']}>
        <p>{document.customerImpact}</p>
      </Part>
      <Part id="happened" title="What happened" items={timeline}>
        <ol class="causes">
          {timeline.map(({ at, phase, text, source }, index) => (
            <li key={index}>
              <Instant at={at} /> <span class="badge">{phase}</span> {text} <span class="hint">{source}</span>
            </li>
          ))}
        </ol>
      </Part>
      <Part id="causes" title="Why" items={causes}>
        <ol class="causes">
          {causes.map(({ why, because, evidence }, at) => (
            <li key={at}>
              <strong>{why}</strong> {because}{' '}
              {evidence === undefined ? (
                <span class="badge badge-failed">no evidence given</span>
              ) : (
                <span class="hint">{evidence}</span>
              )}
            </li>
          ))}
        </ol>
      </Part>
      <Part id="controls" title="Controls" items={controls}>
        <ul class="known">
          {controls.map(({ name, type, outcome, why }, at) => (
            <li key={at}>
              <span class={`badge ${outcomeBadges[outcome]}`}>{outcome}</span> <strong>{name}</strong> ({type}
              ) {why}
            </li>
          ))}
        </ul>
      </Part>
      <Part id="remediation" title="What is done about it" items={remediation}>
        <ul class="known">
          {remediation.map(({ action, owner, due, status }, at) => (
            <li key={at}>
              <span class="badge">{status}</span> <strong>{action}.</strong> {owner}, due {due}
            </li>
          ))}
        </ul>
      </Part>
      <Sentences id="well" title="What went well" said={document.wentWell} />
      <Sentences id="badly" title="What went badly" said={document.wentBadly} />
      <Sentences id="luck" title="Where we were lucky" said={document.luck} />
      <Sentences id="open" title="Open questions" said={document.openQuestions} />
    </>
  )
}

const outcomeBadges = {
  worked: 'badge-succeeded',
  failed: 'badge-failed',
  missed: 'badge-failed',
  'not judged': '',
} as const

interface PartProps {
  readonly id: string
  readonly title: string
  /** What it is about: where there is nothing, there is no such part. */
  readonly items: readonly unknown[]
  readonly children: ComponentChildren
}

function Part({ id, title, items, children }: PartProps): JSX.Element | null {
  if (items.every((item) => item === '')) return null
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  )
}

interface SentencesProps {
  readonly id: string
  readonly title: string
  readonly said?: readonly string[] | undefined
}

function Sentences({ id, title, said = [] }: SentencesProps): JSX.Element {
  return (
    <Part id={id} title={title} items={said}>
      <ul class="known">
        {said.map((sentence, at) => (
          <li key={at}>{sentence}</li>
        ))}
      </ul>
    </Part>
  )
}
