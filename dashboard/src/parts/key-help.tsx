import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface HelpProps {
  readonly pages: readonly { readonly key: string; readonly title: string }[]
  readonly onClose: () => void
}

/** The keys of these pages. */
export function KeyHelp({ pages, onClose }: HelpProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const keys: readonly (readonly [string, string])[] = [
    ...pages.map(({ key, title }) => [key, title] as const),
    ['/', 'search entries'],
    ['j, k', 'next, previous doubt'],
    ['d', 'decide the doubt'],
    ['?', 'this list'],
  ]
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  )
}
