import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { ApiProblem, apiPath, post, problemOf } from '../api.ts'
import { fieldOf, keyText, words } from '../format.ts'
import { useKeys, useLoad } from '../hooks.ts'
import { Age, Async, Empty, Heading, Instant, ProblemBox } from '../parts/basics.tsx'
import type { PageProps } from '../page.ts'
import { go, here, withQuery } from '../router.ts'
import type { Doubt, Entry, Receipt } from '../types.ts'
import { detailText } from './entry.tsx'

interface Page {
  readonly doubts: readonly Doubt[]
  readonly next?: string
}

export function DoubtsPage({ me, scope, query }: PageProps): JSX.Element {
  const loaded = useLoad<Page>(
    apiPath('/v1/doubts', { scope, limit: 100, cursor: query.get('cursor') ?? undefined }),
    5000,
  )
  const [decided, setDecided] = useState<Receipt>()
  const { doubts = [], next } = loaded.data ?? {}
  const wanted = query.get('ref')
  const selected = doubts.find(({ ref }) => ref === wanted) ?? doubts[0]
  const select = (by: number): void => {
    const at = doubts.findIndex(({ ref }) => ref === selected?.ref)
    const to = doubts[Math.min(Math.max(at + by, 0), doubts.length - 1)]
    if (to === undefined) return
    go(withQuery(here(), { ref: to.ref }), 'replace')
    document.querySelector<HTMLElement>(`[data-ref="${to.ref}"]`)?.focus()
  }
  useKeys({
    j: () => select(1),
    k: () => select(-1),
    d: () => document.querySelector<HTMLElement>('#decision input[name="happened"]')?.focus(),
  })
  const onDecided = (receipt: Receipt): void => {
    setDecided(receipt)
    go(withQuery(here(), { ref: undefined }), 'replace')
    loaded.reload()
  }
  return (
    <>
      <Heading title="Doubts">
        <span class="hint">
          <kbd>j</kbd> <kbd>k</kbd> next, previous · <kbd>d</kbd> decide
        </span>
      </Heading>
      <p class="status" role="status">
        {decided === undefined
          ? ''
          : `Recorded: ${decided.operation} ${keyText(decided.key)} is ${words(decided.state)} now.`}
      </p>
      <Async of={loaded}>
        {selected === undefined ? (
          <Empty title="Nothing is in doubt.">
            <p>
              An effect is in doubt when its worker was lost between the start and the outcome, and its target
              can neither deduplicate nor be asked. Then nobody guesses: it waits here for a person.
            </p>
          </Empty>
        ) : (
          <div class="split">
            <nav aria-label="Entries in doubt">
              <ul class="picks">
                {doubts.map((doubt) => (
                  <li key={doubt.ref}>
                    <a
                      href={withQuery(here(), { ref: doubt.ref })}
                      data-ref={doubt.ref}
                      aria-current={doubt.ref === selected.ref ? 'true' : undefined}
                    >
                      <strong>{doubt.operation}</strong> {keyText(doubt.key)}
                      <span class="hint">
                        <Age at={doubt.since} />
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
              {next === undefined ? null : (
                <a href={withQuery(here(), { cursor: next, ref: undefined })}>Older</a>
              )}
            </nav>
            <DoubtView
              key={selected.ref}
              doubt={selected}
              mayDecide={me.role !== 'viewer'}
              onDecided={onDecided}
            />
          </div>
        )}
      </Async>
    </>
  )
}

interface DoubtProps {
  readonly doubt: Doubt
  readonly mayDecide: boolean
  readonly onDecided: (receipt: Receipt) => void
}

function DoubtView({ doubt, mayDecide, onDecided }: DoubtProps): JSX.Element {
  const loaded = useLoad<Entry>(apiPath(`/v1/entries/${doubt.ref}`))
  const asked = loaded.data?.history.filter(({ type }) => type === 'asked') ?? []
  const open = doubt.steps?.filter(({ state }) => state === 'started') ?? []
  return (
    <article aria-labelledby="doubt">
      <h2 id="doubt">
        {doubt.operation} <a href={`/entries/${doubt.ref}`}>{keyText(doubt.key)}</a>
      </h2>
      <h3>What is known</h3>
      <ul class="known">
        <li>{doubt.why}</li>
        <li>
          In doubt since <Instant at={doubt.since} />; first claimed <Instant at={doubt.claimedAt} />, in
          attempt {doubt.attempts} now.
        </li>
        {doubt.subject === undefined ? null : (
          <li>
            It is about <a href={`/entries?subject=${encodeURIComponent(doubt.subject)}`}>{doubt.subject}</a>.
          </li>
        )}
        {open.length === 0 ? null : (
          <li>Steps that have begun and not ended: {open.map(({ name }) => name).join(', ')}.</li>
        )}
        {loaded.data === undefined ? null : <li>Its target is {safetyText(loaded.data.safety)}.</li>}
      </ul>
      <h3>What the target was asked</h3>
      {asked.length === 0 ? (
        <p>
          Nothing: it has not been asked, or cannot be. Look there yourself: its log, its dashboard, its
          support.
        </p>
      ) : (
        <ul class="known">
          {asked.map(({ at, detail }) => (
            <li key={at}>
              <Instant at={at} />: {detailText(detail)}
            </li>
          ))}
        </ul>
      )}
      {mayDecide ? (
        <Decision doubt={doubt} onDecided={onDecided} />
      ) : (
        <p class="hint">Deciding needs a token with the role operator; yours is viewer.</p>
      )}
    </article>
  )
}

function safetyText(safety: string): string {
  if (safety === 'keyed') return 'keyed: it deduplicates by our key, and may have forgotten it by now'
  if (safety === 'verifiable') return 'verifiable: it can be asked, and could not tell'
  return safety === 'blind' ? 'blind: it would do the same a second time' : safety
}

interface Wish {
  readonly happened: boolean
  readonly because: string
  readonly value: unknown
}

/** Two steps: what is decided is said back before it is recorded, since neither way can be taken back. */
function Decision({ doubt, onDecided }: Omit<DoubtProps, 'mayDecide'>): JSX.Element {
  const [wish, setWish] = useState<Wish>()
  const [problem, setProblem] = useState<ApiProblem>()
  const [isBusy, setBusy] = useState(false)
  const [key] = useState(() => crypto.randomUUID())
  const confirm = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => confirm.current?.focus(), [wish])
  const review = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const text = fieldOf(form, 'value').trim()
    try {
      setProblem(undefined)
      setWish({
        happened: form.get('happened') === 'yes',
        because: fieldOf(form, 'because').trim(),
        value: text === '' ? undefined : (JSON.parse(text) as unknown),
      })
    } catch {
      setProblem(
        new ApiProblem(
          0,
          'The result is no JSON',
          'Write a text with quotes around it, a number, or an object.',
        ),
      )
    }
  }
  const record = async ({ happened, because, value }: Wish): Promise<void> => {
    setBusy(true)
    try {
      const body = { happened, because, ...(happened && value !== undefined ? { value } : {}) }
      onDecided(await post<Receipt>(`/v1/doubts/${doubt.ref}/resolution`, body, key))
    } catch (error) {
      setProblem(problemOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <section aria-labelledby="decision-title" id="decision">
      <h3 id="decision-title">Did it happen?</h3>
      <form onSubmit={review} hidden={wish !== undefined}>
        <fieldset>
          <legend class="hidden">Did it happen?</legend>
          <label class="choice">
            <input type="radio" name="happened" value="yes" required /> It happened: it is done, and will not
            run again
          </label>
          <label class="choice">
            <input type="radio" name="happened" value="no" required /> It did not happen: the next call runs
            it
          </label>
        </fieldset>
        <label class="stacked">
          Because (what you looked at; it is kept in the audit trail)
          <textarea name="because" required maxLength={2000} rows={2} />
        </label>
        <label class="stacked">
          Its result as JSON, if it happened (replays give it to callers)
          <input name="value" placeholder='{"id":"ch_123"}' />
        </label>
        <button type="submit">Review the decision</button>
      </form>
      {wish === undefined ? null : (
        <div class="confirm">
          <p>
            <strong>
              {doubt.operation} {keyText(doubt.key)}: it {wish.happened ? 'happened' : 'did not happen'}.
            </strong>{' '}
            {wish.happened
              ? 'Callers will be told that it succeeded. If it did not, it is never done.'
              : 'The next call does it. If it had happened after all, it happens twice.'}
          </p>
          <p>Because: {wish.because}</p>
          <button
            type="button"
            class="grave"
            ref={confirm}
            disabled={isBusy}
            onClick={() => void record(wish)}
          >
            Record: it {wish.happened ? 'happened' : 'did not happen'}
          </button>
          <button type="button" onClick={() => setWish(undefined)}>
            Back
          </button>
        </div>
      )}
      {problem === undefined ? null : <ProblemBox problem={problem} />}
    </section>
  )
}
