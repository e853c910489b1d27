import { expect } from 'vitest'
import { gate } from '../../support/gate.ts'
import { defect } from '../support/sentences.ts'

defect(4)('the refusal of a request that came too early is never kept as the answer', async (lab) => {
  const [first, second] = [lab.service(), lab.service()]
  const door = gate()
  const running = first.send({
    key: 'k',
    handler: async () => {
      await door.pass()
      return { status: 201, body: 'done' }
    },
  })
  await door.arrived
  for (const service of [first, second]) {
    const early = await service.ask({ key: 'k' })
    expect([early.status, early.by, early.headers['retry-after']]).toEqual([409, 'in-progress', '1'])
  }
  door.open()
  expect((await lab.lab.until(running)).text).toBe('done')
  for (const service of [first, second])
    expect(await service.ask({ key: 'k' })).toMatchObject({ status: 201, by: 'replay', text: 'done' })
  expect([first.runs, second.runs]).toEqual([1, 0])
})
