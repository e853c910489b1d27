import { expect, it } from 'vitest'
import { examineBundle } from '../../src/incidents/examine.ts'
import { openDuckdb } from '../../src/reconcile/sources/duckdb-driver.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { writeBundle } from './support/bundle.ts'
import { sizes } from './support/stories-of-sizes.ts'
import type { Story } from './support/story.ts'

// What the evidence of missing fields and of losses by size cites can be run, and says what the statement says.

it.each(tellingOf('field.missing'))('where a field is missing: %s', async (_, story) => {
  const { answer, numbers } = await asked(story, 'field.missing')
  const missing = answer.find(([isMissing]) => isMissing === 'true')
  expect(missing?.[1]).toBe(String(numbers['rows']))
})

it.each(tellingOf('field.missing-by-size'))('above which size or load: %s', async (_, story) => {
  const { answer } = await asked(story, 'field.missing-by-size')
  expect(answer.length).toBeGreaterThan(1)
  expect(answer.map(([first]) => first)).not.toContain(null)
})

it.each(tellingOf('loss.by-size'))('above which size losses lie: %s', async (_, story) => {
  const { answer } = await asked(story, 'loss.by-size')
  // Larger, lost, and how many: of 240 sizes, the 60 above 18,000 bytes.
  expect(answer).toEqual([
    ['false', 'false', '180'],
    ['true', 'true', '60'],
  ])
})

function tellingOf(signal: string): (readonly [string, Story])[] {
  return sizes.filter(({ yes }) => yes.includes(signal)).map((story) => [story.name, story])
}

interface Asked {
  readonly answer: readonly (readonly (string | null)[])[]
  readonly numbers: Readonly<Record<string, number>>
}

async function asked({ bundle }: Story, id: string): Promise<Asked> {
  const directory = writeBundle(bundle)
  const { signals, evidence } = await examineBundle(directory)
  const signal = signals.find((one) => one.id === id)
  const query = evidence.find((one) => signal?.evidence.includes(one.id))?.query ?? ''
  const inFolder = query.replaceAll(/(read_(?:csv|json)\(')/g, `$1${directory}/`)
  const db = await openDuckdb({ directory: temporaryDirectory(), memory: '500MB' })
  const answer: (readonly (string | null)[])[] = []
  for await (const rows of db.query(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${inFolder})`))
    answer.push(...rows)
  db.close()
  return { answer, numbers: signal?.numbers ?? {} }
}
