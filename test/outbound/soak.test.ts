import { expect, it } from 'vitest'
import { soak } from './support/soak.ts'

it('holds', async () => {
  const result = await soak({ intents: 3000, seed: 1 })
  console.log(result.tookMs, result.outcomes, result.effects, result.faults, result.violations.slice(0, 20), result.violations.length)
  expect(result.violations).toEqual([])
}, 60_000)
