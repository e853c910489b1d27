import type { Intent } from './intent.ts'

/**
 * `pending`: on its way. `answered`: with a `response`. `failed`: with an `error`. `restored`: a native post that left the
 * page standing, or was come back to; what became of it is not known here.
 */
export type GuardState = 'pending' | 'answered' | 'failed' | 'restored'

/** The `detail` of the form's event `onceward`. */
export interface GuardedState {
  readonly state: GuardState
  readonly intent: Intent
  readonly response?: Response
  readonly error?: unknown
}

export interface GuardOptions {
  /** Sends the form, most likely by `keyedFetch`. Without it the browser posts the form itself. */
  readonly send?: (event: SubmitEvent) => Promise<Response>
  /** The name of the hidden field that carries the key of a native post. Default `idempotency-key`. */
  readonly field?: string
}

type Tell = (state: GuardState, more?: Partial<GuardedState>) => void

/** After so long a native post has left the page standing: a download, an answer without content, or it was stopped. */
const nativeMs = 30_000

/**
 * Lets a form be submitted once at a time, under the key of `intent`. While it is pending, `aria-busy` is set, its submitter is
 * disabled, and a repetition is dropped. The event `onceward` tells of each change.
 *
 * Once the intent has ended, the first thing that the user changes begins the next one; a repetition of what was sent is no
 * change. What a script changes is told by `intent.renew()`. Gives a function that takes the guard away.
 */
export function guardSubmit(form: HTMLFormElement, intent: Intent, options: GuardOptions = {}): () => void {
  const { send, field = 'idempotency-key' } = options
  const listening = new AbortController()
  const listener = { signal: listening.signal }
  const input = send ? undefined : hiddenField(form, field, listening.signal)
  let submitter: HTMLButtonElement | null
  let timer: ReturnType<typeof setTimeout> | undefined
  let isPending = false
  let isChanged = false

  const write = (): void => {
    if (input) input.value = intent.key
  }
  /** What is typed while a try is pending is no part of it: it counts once that has ended. */
  const change = (): void => {
    isChanged = isPending
    if (isPending || !intent.hasEnded) return
    intent.renew()
    write()
  }
  const tell: Tell = (state, more) => {
    clearTimeout(timer)
    isPending = state === 'pending'
    form.setAttribute('aria-busy', String(isPending))
    if (submitter) submitter.disabled = isPending
    if (isChanged) change()
    form.dispatchEvent(new CustomEvent('onceward', { bubbles: true, detail: { state, intent, ...more } }))
  }
  const restore = (): void => {
    if (isPending) tell('restored')
  }
  const submit = (event: SubmitEvent): void => {
    if (isPending) {
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    if (event.defaultPrevented) return
    write()
    isPending = true
    submitter = event.submitter as HTMLButtonElement | null
    // Both ways the form is read with its submitter in it, and only then is that disabled.
    if (send) sendBy(send, event, tell)
    else
      setTimeout(() => {
        // A listener behind this one may have kept the form from being posted.
        isPending = !event.defaultPrevented
        if (!isPending) return
        tell('pending')
        timer = setTimeout(restore, nativeMs)
      })
  }

  write()
  form.addEventListener('click', dropSecondClick, listener)
  form.addEventListener('input', change, listener)
  form.addEventListener('reset', change, listener)
  addEventListener('pageshow', ({ persisted }) => persisted && !send && restore(), listener)
  form.addEventListener('submit', submit, listener)
  return () => listening.abort()
}

function sendBy(send: NonNullable<GuardOptions['send']>, event: SubmitEvent, tell: Tell): void {
  event.preventDefault()
  const sent = (async () => send(event))()
  tell('pending')
  sent.then(
    (response) => tell('answered', { response }),
    (error: unknown) => tell('failed', { error }),
  )
}

/** An answer may be there before the second click of a double click. */
function dropSecondClick(event: MouseEvent): void {
  const button = (event.target as Element).closest<HTMLButtonElement>('button,input')
  if (event.detail > 1 && button?.type === 'submit') event.preventDefault()
}

function hiddenField(form: HTMLFormElement, name: string, signal: AbortSignal): HTMLInputElement {
  const input = document.createElement('input')
  input.type = 'hidden'
  input.name = name
  // Else a browser may put back the value of an earlier visit.
  input.autocomplete = 'off'
  form.append(input)
  signal.addEventListener('abort', () => input.remove())
  return input
}
