import { expect } from 'vitest'
import { defect } from '../support/sentences.ts'

defect(9)(
  'the same key and body on another path, by another method or another caller, is other work',
  async (lab) => {
    const service = lab.service()
    for (const other of [{}, { path: '/refunds' }, { method: 'PATCH' }, { caller: 'shop-2' }])
      expect((await service.ask({ key: 'k', ...other })).by).toBe('handler')
    expect(service.runs).toBe(4)
  },
  ['scope-without-path', 'operation-without-path', 'operation-without-method', 'key-without-caller'],
)

defect(9)(
  'another parameter of the same template is no replay: it is refused',
  async (lab) => {
    const service = lab.service()
    const template = '/orders/:id/refunds'
    expect((await service.ask({ key: 'k', template, path: '/orders/1/refunds' })).by).toBe('handler')
    expect((await service.ask({ key: 'k', template, path: '/orders/2/refunds' })).by).toBe('key-reused')
    expect(service.runs).toBe(1)
  },
  ['fingerprint-without-path'],
)
