import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { type ApiProblem, post, problemOf, remove } from '../api.ts'
import { fieldOf } from '../format.ts'
import { useLoad } from '../hooks.ts'
import type { Me, Token } from '../types.ts'
import { Async, Empty, Instant, ProblemBox, TableBox } from './basics.tsx'

/** The tokens of the server; for an admin also how to make one and how to end one. */
export function Tokens({ me }: { me: Me }): JSX.Element {
  const loaded = useLoad<{ tokens: readonly Token[] }>('/v1/tokens')
  const [problem, setProblem] = useState<ApiProblem>()
  const tokens = loaded.data?.tokens ?? []
  const mayChange = me.role === 'admin'
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      setProblem(undefined)
      await work()
      loaded.reload()
    } catch (error) {
      setProblem(problemOf(error))
    }
  }
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens">Tokens</h2>
      <Async of={loaded}>
        {tokens.length === 0 ? (
          <Empty title="There is no token.">
            <p>
              As long as there is none, everybody on this machine is its operator, and no other machine gets
              in. The first one closes that door: make it for yourself, with the role admin.
            </p>
          </Empty>
        ) : (
          <TableBox label="Table of tokens">
            <table>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Role</th>
                  <th scope="col">Scopes</th>
                  <th scope="col">Made</th>
                  <th scope="col">State</th>
                </tr>
              </thead>
              <tbody>
                {tokens.map((token) => (
                  <tr key={token.id}>
                    <th scope="row">{token.name}</th>
                    <td>{token.role}</td>
                    <td>{token.scopes?.join(', ') ?? 'all'}</td>
                    <td>
                      <Instant at={token.createdAt} /> by {token.createdBy}
                    </td>
                    <td>
                      <TokenState token={token} mayChange={mayChange} attempt={attempt} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableBox>
        )}
      </Async>
      {mayChange ? <NewToken attempt={attempt} /> : null}
      {problem === undefined ? null : <ProblemBox problem={problem} />}
    </section>
  )
}

type Attempt = (work: () => Promise<void>) => Promise<void>

interface TokenStateProps {
  readonly token: Token
  readonly mayChange: boolean
  readonly attempt: Attempt
}

/** Ending one takes two steps: it cannot be taken back. */
function TokenState({ token, mayChange, attempt }: TokenStateProps): JSX.Element {
  const [isEnding, setEnding] = useState(false)
  if (token.revokedAt !== undefined)
    return (
      <>
        revoked <Instant at={token.revokedAt} />
      </>
    )
  if (!mayChange) return <>valid</>
  if (!isEnding)
    return (
      <button type="button" onClick={() => setEnding(true)} aria-label={`Revoke ${token.name}…`}>
        Revoke…
      </button>
    )
  return (
    <>
      <button
        type="button"
        class="grave"
        onClick={() => void attempt(() => remove(`/v1/tokens/${token.id}`))}
      >
        Revoke {token.name} for ever
      </button>{' '}
      <button type="button" onClick={() => setEnding(false)}>
        Keep
      </button>
    </>
  )
}

function NewToken({ attempt }: { attempt: Attempt }): JSX.Element {
  const [made, setMade] = useState<string>()
  const [key, setKey] = useState(() => crypto.randomUUID())
  const create = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    void attempt(async () => {
      const wish = { name: fieldOf(fields, 'name'), role: fieldOf(fields, 'role') }
      const { token } = await post<{ token?: string }>('/v1/tokens', wish, key)
      setMade(token)
      setKey(crypto.randomUUID())
      form.reset()
    })
  }
  return (
    <>
      <form class="filters" onSubmit={create}>
        <label>
          name
          <input name="name" required maxLength={100} placeholder="on call" />
        </label>
        <label>
          role
          <select name="role">
            <option value="viewer">viewer</option>
            <option value="operator">operator</option>
            <option value="admin">admin</option>
          </select>
        </label>
        <button type="submit">Make a token</button>
      </form>
      <p role="status" class="status">
        {made === undefined ? '' : 'This is the token. It is shown once; keep it now: '}
        {made === undefined ? null : <code class="secret">{made}</code>}
      </p>
    </>
  )
}
