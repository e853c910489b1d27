import { useEffect, useState } from 'preact/hooks'
import { ApiProblem, get, post, problemOf, remove } from './api.ts'
import type { Me } from './types.ts'

export type Session =
  | { readonly kind: 'asking' }
  | { readonly kind: 'in'; readonly me: Me }
  | { readonly kind: 'out' }
  | { readonly kind: 'broken'; readonly problem: ApiProblem }

const ended = 'onceward-signed-out'

/** The session is over: the sign-in page comes. */
export function signedOut(): void {
  dispatchEvent(new Event(ended))
}

export async function signIn(token: string): Promise<void> {
  await post('/session', { token }, crypto.randomUUID())
}

export async function signOut(): Promise<void> {
  await remove('/session')
  signedOut()
}

/** Who looks at the page. `ask` asks the server again. */
export function useSession(): { readonly session: Session; readonly ask: () => void } {
  const [session, setSession] = useState<Session>({ kind: 'asking' })
  const ask = (): void => {
    get<Me>('/v1/me')
      .then((me) => setSession({ kind: 'in', me }))
      .catch((error: unknown) => {
        const isOut = error instanceof ApiProblem && error.status === 401
        if (isOut) setSession({ kind: 'out' })
        else
          setSession({
            kind: 'broken',
            problem: problemOf(error),
          })
      })
  }
  useEffect(() => {
    ask()
    const onEnd = (): void => setSession({ kind: 'out' })
    addEventListener(ended, onEnd)
    return () => removeEventListener(ended, onEnd)
  }, [])
  return { session, ask }
}
