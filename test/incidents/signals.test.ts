import { expect, it } from 'vitest'
import { readBundle } from '../../src/incidents/bundle/bundle.ts'
import { examine } from '../../src/incidents/examine.ts'
import { signalSpecs } from '../../src/incidents/model.ts'
import { measures } from '../../src/incidents/signals/measures.ts'
import { writeBundle } from './support/bundle.ts'
import { stories } from './support/stories.ts'
import { causes } from './support/stories-of-causes.ts'
import { lossCauses } from './support/stories-of-losses.ts'
import { supply } from './support/stories-of-supply.ts'
import { moreLosses, systems } from './support/stories-of-systems.ts'

const all = [...stories, ...causes, ...lossCauses, ...systems, ...moreLosses, ...supply]

it.each(all.map((story) => [story.name, story] as const))('%s', async (_, story) => {
  const { signals, evidence, bundle } = examine(await readBundle(writeBundle(story.bundle)))
  const valueOf = (id: string): string => {
    const signal = signals.find((one) => one.id === id)
    return `${id}: ${String(signal?.value)} (${signal?.statement ?? 'no such signal'})`
  }
  const wrong = [
    ...story.yes.map(valueOf).filter((text) => !/^[\w.-]+: true/.test(text)),
    ...story.no.map(valueOf).filter((text) => !/^[\w.-]+: false/.test(text)),
    ...story.unknown.map(valueOf).filter((text) => !/^[\w.-]+: unknown/.test(text)),
  ]
  expect(wrong).toEqual([])
  expect(signals.map(({ id }) => id)).toEqual(signalSpecs.map(({ id }) => id))
  const ids = new Set(evidence.map(({ id }) => id))
  for (const signal of signals) {
    expect(
      signal.evidence.every((id) => ids.has(id)),
      signal.id,
    ).toBe(true)
    const isCited = signal.value === 'unknown' || signal.evidence.length > 0
    expect(isCited, signal.id).toBe(true)
  }
  expect(evidence.every(({ statement, query }) => statement !== '' && query !== '')).toBe(true)
  expect(bundle.sources.map(({ id }) => id)).toEqual(story.bundle.sources.map(({ id }) => id))
})

it('each signal is true in some story', () => {
  const told = new Set(all.flatMap(({ yes }) => yes))
  expect(signalSpecs.map(({ id }) => id).filter((id) => !told.has(id))).toEqual([])
})

it('measures every signal of the catalogue, and no other', () => {
  expect(Object.keys(measures).toSorted()).toEqual(signalSpecs.map(({ id }) => id).toSorted())
})
