import { expect, it } from 'vitest'
import { gatewayProblemTypes } from '../../src/gateway/problems.ts'
import { problemTypes } from '../../src/http/index.ts'
import { problemAnswer } from '../../src/http/problems.ts'
import { serverProblemTypes } from '../../src/server/problems.ts'
import { readText } from '../support/repo.ts'

const problems = { ...problemTypes, ...gatewayProblemTypes }
const page = readText('docs/reference/problems.md')

it('docs/reference/problems.md explains every problem with its status, and no other', () => {
  const explained = [...page.matchAll(/^## (.+)\nStatus (\d{3})/gm)].map(
    ([, type, status]) => `${type} ${status}`,
  )
  const known = Object.entries(problems).map(([type, { status }]) => `${type} ${status}`)
  expect(explained.toSorted()).toEqual(known.toSorted())
})

it('docs/reference/problems.md explains every problem of the server with its status, and no other', () => {
  const explained = [...page.matchAll(/^### (.+)\nStatus (\d{3})/gm)].map(
    ([, type, status]) => `${type} ${status}`,
  )
  const known = Object.entries(serverProblemTypes).map(([type, { status }]) => `${type} ${status}`)
  expect(explained.toSorted()).toEqual(known.toSorted())
})

it('docs/reference/problems.md lists every problem with its status, and no other', () => {
  const listed = [...page.matchAll(/^\| \[(.+)\]\(#(.+)\) \| (\d{3}) \|/gm)].map(([, ...row]) =>
    row.join(' '),
  )
  const known = Object.entries(problems).map(([type, { status }]) => `${type} ${type} ${status}`)
  expect(listed.toSorted()).toEqual(known.toSorted())
})

it('a problem names its type, links to it, and says when to ask again in whole seconds', () => {
  const answer = problemAnswer('https://docs.example/problems', 'in-progress', {
    detail: 'Wait.',
    retryAfterMs: 1001,
  })
  const uri = 'https://docs.example/problems#in-progress'
  expect(JSON.parse(String(answer.body))).toMatchObject({ type: uri, status: 409, detail: 'Wait.' })
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    link: `<${uri}>; rel="describedby"; type="text/html"`,
    'retry-after': '2',
  })
})
