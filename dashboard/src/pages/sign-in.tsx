import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { type ApiProblem, problemOf } from '../api.ts'
import { fieldOf } from '../format.ts'
import { ProblemBox } from '../parts/basics.tsx'
import { signIn } from '../session.ts'

export function SignInPage({ onIn }: { onIn: () => void }): JSX.Element {
  const [problem, setProblem] = useState<ApiProblem>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    setBusy(true)
    try {
      await signIn(fieldOf(new FormData(form), 'token').trim())
      onIn()
    } catch (error) {
      setProblem(problemOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <main class="sign-in">
      <h1>Onceward</h1>
      <form onSubmit={(event) => void submit(event)}>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
        <button type="submit" disabled={isBusy}>
          Sign in
        </button>
      </form>
      {problem === undefined ? null : <ProblemBox problem={problem} />}
      <p class="hint">
        Whoever runs this server makes one: <code>onceward token create --role operator --name NAME</code>
      </p>
    </main>
  )
}
