import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Bundle, readBundle } from '../../src/incidents/bundle/bundle.ts'
import { examine, settled } from '../../src/incidents/examine.ts'
import { type Decisions, decisions } from '../../src/incidents/signals/decisions.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { writeBundle } from './support/bundle.ts'
import type { Story } from './support/story.ts'
import { sizes } from './support/stories-of-sizes.ts'
import { stories } from './support/stories.ts'

/** A broken decision; what the stories say must notice it. */
const mutants: readonly { readonly name: string; readonly broken: Partial<Decisions> }[] = [
  { name: 'one case is most', broken: { byShare: (yes) => yes > 0 } },
  { name: 'half is hardly any', broken: { byShare: (yes, total) => yes >= total * 0.95 } },
  { name: 'a share is never known', broken: { byShare: () => 'unknown' } },
  {
    name: 'a gap below a timeout is explained by it',
    broken: { isJustAbove: (gap, constant) => gap < constant },
  },
  { name: 'nothing explains a gap', broken: { isJustAbove: () => false } },
  { name: 'no interval is fixed', broken: { isFixed: () => false } },
  { name: 'a little more above is parted', broken: { isParted: (above, below) => above > below } },
  {
    name: 'much more above is parted, however rare',
    broken: { isParted: (above, below) => above > below * 5 },
  },
  { name: 'nothing is parted', broken: { isParted: () => false } },
  { name: 'any absence is a field dropped', broken: { isDropped: ({ goneAfter }) => goneAfter > 0 } },
  {
    name: 'one absence after many rows is a field dropped',
    broken: { isDropped: ({ before }) => before >= 50 },
  },
  { name: 'no field is dropped', broken: { isDropped: () => false } },
  {
    name: 'what is large is lost, whatever else is',
    broken: { isOfLarge: ({ shareAbove }) => shareAbove >= 0.6 },
  },
  {
    name: 'all that is lost is large, whatever arrives',
    broken: { isOfLarge: ({ goneAbove }) => goneAbove >= 0.9 },
  },
  { name: 'no loss goes by size', broken: { isOfLarge: () => false } },
  { name: 'every field is volatile', broken: { isVolatileName: () => true } },
  { name: 'no field is volatile', broken: { isVolatileName: () => false } },
]

const places: ReturnType<typeof makeTemporaryDirectory>[] = []
const read: { story: Story; bundle: Bundle }[] = []

beforeAll(async () => {
  for (const story of [...stories, ...sizes, business()]) {
    const place = makeTemporaryDirectory()
    places.push(place)
    read.push({ story, bundle: await readBundle(writeBundle(story.bundle, place.path)) })
  }
})

afterAll(() => {
  for (const place of places) place.remove()
})

function wrongWith(broken: Decisions): string[] {
  return read.flatMap(({ story, bundle }) => {
    const values = new Map(examine(bundle, broken).signals.map(({ id, value }) => [id, value]))
    const differ = (ids: readonly string[], value: true | false | 'unknown'): string[] =>
      ids.filter((id) => values.get(id) !== value)
    return [...differ(story.yes, true), ...differ(story.no, false), ...differ(story.unknown, 'unknown')]
  })
}

it('the decisions as they are say what the stories say', () => {
  expect(wrongWith(decisions)).toEqual([])
})

it.each(mutants)('notices: $name', ({ broken }) => {
  expect(wrongWith({ ...decisions, ...broken })).not.toEqual([])
})

it('an absence counts only where a source that would show it covers the window', () => {
  const spec = {
    id: 'x',
    class: 'intermittent' as const,
    needs: [['effects' as const], ['log' as const]],
    yes: '',
    no: '',
  }
  const absent = {
    value: false as const,
    statement: 'None.',
    found: [{ source: 'a', statement: 'None.', query: 'q' }],
  }
  expect(settled(absent, spec, { covers: () => true }).value).toBe(false)
  expect(settled(absent, spec, { covers: (kind) => kind === 'effects' }).value).toBe('unknown')
  expect(settled({ ...absent, found: [] }, spec, { covers: () => true }).value).toBe('unknown')
})

/** Two instalments of one order: no duplicates, and the payloads say so. */
function business(): Story {
  const lines = Array.from({ length: 20 }, (_, index) => index).flatMap((index) =>
    [1, 2].map(
      (part) =>
        `o-${index},c-${index}-${part},2026-06-03T0${part * 3}:00:${String(index).padStart(2, '0')}Z,"{""instalment"":${part}}"`,
    ),
  )
  return {
    name: 'instalments',
    bundle: {
      sources: [{ id: 'paid', kind: 'effects', path: 'paid.csv' }],
      files: { 'paid.csv': `order_ref,payment_id,at,payload\n${lines.join('\n')}\n` },
    },
    yes: ['payload.business-differs'],
    no: ['payload.equal', 'payload.volatile-differs'],
    unknown: [],
  }
}
