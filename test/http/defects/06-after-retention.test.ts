import { expect } from 'vitest'
import { defect } from '../support/sentences.ts'

const dayMs = 24 * 60 * 60 * 1000

defect(6)(
  'past its retention a key runs nothing: all of ten callers are told that it is too old',
  async (lab) => {
    const service = lab.service({ retainMs: dayMs })
    await service.ask({ key: 'k' })
    await lab.time.advance(dayMs + 1000)
    await lab.lab.until(service.worker.once.sweep())
    const told = await Promise.all(Array.from({ length: 10 }, () => service.ask({ key: 'k' })))
    expect(told.map(({ status, by }) => `${status} ${by}`)).toEqual(
      Array.from({ length: 10 }, () => '412 key-expired'),
    )
    expect(service.runs).toBe(1)
  },
)

defect(6)(
  'under stripe-v1, where it runs as new, exactly one of ten concurrent callers does',
  async (lab) => {
    const service = lab.service({ profile: 'stripe-v1' }, { tombstoneMs: 0 })
    await service.ask({ key: 'k' })
    await lab.time.advance(dayMs + 1000)
    // Once to forget the answer, once to forget the key.
    await lab.lab.until(service.worker.once.sweep())
    await lab.time.advance(1000)
    await lab.lab.until(service.worker.once.sweep())
    const told = await Promise.all(Array.from({ length: 10 }, () => service.ask({ key: 'k' })))
    expect(told.filter(({ by }) => by === 'handler')).toHaveLength(1)
    expect(service.runs).toBe(2)
  },
)
