import { create, createFileRegistry, fromBinary, setExtension, toBinary } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import { createValidator } from '@bufbuild/protovalidate'
import {
  field as fieldRules,
  FieldRulesSchema,
  file_buf_validate_validate,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type FieldEvent, type Presence, requirePresent } from '../../src/integrity/index.ts'
import { isOncewardError } from '../../src/kernel/errors.ts'
import { presenceWith, type PresenceRules } from '../../src/integrity/presence.ts'
import { absentPlaces } from '../../src/integrity/presence-fields.ts'
import { batchOf, batchSchema, orderSchema } from './support/shop.ts'

const held = 'orders.*.hold_for_review'
const info = { bytes: 100, method: '/shop.Orders/Dispatch' }

const sentences: Readonly<Record<string, (rules: PresenceRules) => void>> = {
  'a field that is false is there, one that is not there is missing': (rules) => {
    const presence = presenceWith(rules, batchSchema, { fields: [held, 'hold_for_review'] })
    expect(presence.check(batchOf('b', 3, 0), info)).toMatchObject({ hold: false, held: [] })
    expect(missingIn(presence, lacking(1))).toEqual([held])
    expect(missingIn(presence, create(batchSchema))).toEqual(['hold_for_review'])
  },
  'null is not there': (rules) => {
    const presence = presenceWith(rules, z.unknown(), { fields: ['hold'] })
    expect(missingIn(presence, { hold: null })).toEqual(['hold'])
    expect(missingIn(presence, { hold: undefined })).toEqual(['hold'])
    expect(missingIn(presence, 'text')).toEqual(['hold'])
    expect(presence.check({ hold: false }, info).hold).toBe(false)
  },
  'each place is named': (rules) => {
    const presence = presenceWith(rules, batchSchema, { fields: [{ field: held, failSafe: true }] })
    expect(presence.check(lacking(0, 2), info)).toMatchObject({
      hold: true,
      held: ['orders.0.hold_for_review', 'orders.2.hold_for_review'],
    })
  },
}

const mutants: Readonly<Record<string, PresenceRules>> = {
  'takes false for missing': {
    absentPlaces: (value, steps) =>
      absentPlaces(
        value,
        steps.map((step) =>
          step.kind === 'items' ? step : { ...step, read: (at) => step.read(at) || undefined },
        ),
      ),
  },
  'takes null for there': {
    absentPlaces: (value, steps) =>
      absentPlaces(
        value,
        steps.map((step) =>
          step.kind === 'items'
            ? step
            : { ...step, read: (at) => step.read(at) ?? (step.name in at ? false : undefined) },
        ),
      ),
  },
  'finds nothing missing': { absentPlaces: () => [] },
  'looks at the first item only': { absentPlaces: (value, steps) => absentPlaces(value, steps).slice(0, 1) },
}

describe('presence', () => {
  it.each(Object.entries(sentences))('%s', (_, holds) => {
    holds({ absentPlaces })
  })

  it.each(Object.entries(mutants))('a sentence notices a check that %s', (_, rules) => {
    const noticed = Object.values(sentences).filter((holds) => {
      try {
        holds(rules)
        return false
      } catch {
        return true
      }
    })
    expect(noticed.length).toBeGreaterThan(0)
  })

  it.each([
    ['express', orderSchema, 'declare express "optional" in the .proto'],
    ['orders.*.express', batchSchema, 'declare express "optional"'],
    ['orders', batchSchema, 'orders is a list: name a field of its items'],
    ['orders.hold_for_review', batchSchema, 'paths with * behind each list and map, and only there'],
    ['first.*.ref', batchSchema, 'paths with * behind each list'],
    ['hold_for_reviw', batchSchema, 'fields of shop.Batch'],
    ['first.ref.more', batchSchema, 'fields of a message'],
    ['orders.*', batchSchema, 'which end with a name'],
    ['', batchSchema, 'a string of 1 to 500 bytes'],
  ])('the field %j cannot be asked for, and it says why', (field, schema, why) => {
    expect(() => requirePresent(schema, [field])).toThrow(why)
  })

  it('fields are found in messages, maps and oneofs, by their name or JSON name', () => {
    const presence = requirePresent(batchSchema, ['first.holdForReview', 'extra.*.hold_for_review', 'card'])
    const order = create(orderSchema, { holdForReview: false })
    const whole = { first: order, extra: { a: order }, payment: { case: 'card', value: 'x' } }
    expect(presence.check(create(batchSchema, whole as Record<string, unknown>), info).hold).toBe(false)
    const wanting = { extra: { a: create(orderSchema) }, payment: { case: 'invoice', value: 'x' } }
    expect(missingIn(presence, create(batchSchema, wanting as Record<string, unknown>))).toEqual([
      'first.holdForReview',
      'extra.*.hold_for_review',
      'card',
    ])
  })

  it('an absent field is missing after a decoding too', () => {
    const presence = requirePresent(batchSchema, ['hold_for_review'])
    const bytes = toBinary(batchSchema, create(batchSchema, { id: 'b' }))
    expect(missingIn(presence, fromBinary(batchSchema, bytes))).toEqual(['hold_for_review'])
  })

  it('a field that is missing only above a size is seen to be, by its counts, its events and its error', () => {
    const presence = requirePresent(batchSchema, [held])
    const events: FieldEvent[] = []
    presence.on('field_missing', (event) => events.push(event))
    for (const bytes of [800, 3000, 90_000, 4_000_000]) presence.check(batchOf('b', 1, 0), { bytes })
    expect(() => presence.check(lacking(0), { bytes: 4_194_304 })).toThrow(
      'lacks orders.*.hold_for_review (so far only in messages of 4194304 bytes and more)',
    )
    expect(() => presence.check(lacking(0, 1), { bytes: 6_800_000 })).toThrow('lacks')
    expect(events.map(({ places, onlyFromBytes }) => [places, onlyFromBytes])).toEqual([
      [1, 4_194_304],
      [2, 4_194_304],
    ])
    expect(presence.counts()).toEqual([
      {
        field: held,
        messages: 6,
        missing: 2,
        onlyFromBytes: 4_194_304,
        sizes: [
          { upToBytes: 1024, messages: 1, missing: 0 },
          { upToBytes: 4096, messages: 1, missing: 0 },
          { upToBytes: 131_072, messages: 1, missing: 0 },
          { upToBytes: 4_194_304, messages: 2, missing: 1 },
          { upToBytes: 8_388_608, messages: 1, missing: 1 },
        ],
      },
    ])
    expect(() => presence.check(lacking(0), { bytes: 10 })).toThrow(/lacks orders\.\*\.hold_for_review\.$/)
    expect(presence.counts()[0]?.onlyFromBytes).toBeUndefined()
  })

  it('of a fail-safe field and a required one, the required one refuses', () => {
    const presence = requirePresent(batchSchema, [{ field: held, failSafe: true }, 'hold_for_review'])
    const held1: FieldEvent[] = []
    presence.on('field_held', (event) => held1.push(event))
    expect(() => presence.check({ ...(lacking(0) as object), holdForReview: undefined }, info)).toThrow(
      'lacks hold_for_review.',
    )
    expect(held1).toHaveLength(1)
  })
})

describe('JSON', () => {
  it('a default that zod fills in does not count', () => {
    const schema = z.object({ ref: z.string(), hold: z.boolean().default(false) })
    const presence = requirePresent(schema, ['hold'])
    expect(missingIn(presence, { ref: 'a' })).toEqual(['hold'])
    expect(presence.check({ ref: 'a', hold: true, more: 1 }, info).value).toEqual({ ref: 'a', hold: true })
    expect(() => presence.check({ ref: 7, hold: true }, info)).toThrow('does not satisfy its schema: ref: ')
  })

  it('a JSON Schema is held by ajv', () => {
    const orders = {
      type: 'array',
      items: { type: 'object', properties: { hold: { type: 'boolean', default: false } } },
    }
    const validate = new Ajv({ useDefaults: true }).compile({ type: 'object', properties: { orders } })
    const presence = requirePresent(validate, ['orders.*.hold'])
    expect(missingIn(presence, { orders: [{ hold: true }, {}] })).toEqual(['orders.*.hold'])
    expect(() => presence.check({ orders: [{ hold: 'no' }] }, info)).toThrow('/orders/0/hold must be boolean')
    expect(presence.check({ orders: [] }, info).hold).toBe(false)
  })

  it('a plain JSON Schema has to be compiled first, and a schema must answer at once', () => {
    expect(() => requirePresent({ type: 'object' } as never, ['a'])).toThrow('ajv.compile(schema)')
    const slow = z.object({ a: z.string() }).refine(async () => true)
    expect(() => requirePresent(slow, ['a']).check({ a: 'b' }, info)).toThrow(
      /a schema that answers at once|synchronous/i,
    )
  })
})

describe('protovalidate', () => {
  const options = create(FieldOptionsSchema)
  setExtension(options, fieldRules, create(FieldRulesSchema, { required: true }))
  const positive = create(FieldOptionsSchema)
  setExtension(
    positive,
    fieldRules,
    create(FieldRulesSchema, { type: { case: 'int32', value: { greaterThan: { case: 'gt', value: 0 } } } }),
  )
  const file = create(FileDescriptorProtoSchema, {
    name: 'ruled.proto',
    package: 'ruled',
    syntax: 'proto3',
    dependency: ['buf/validate/validate.proto'],
    messageType: [
      {
        name: 'Order',
        field: [
          {
            name: 'hold_for_review',
            number: 1,
            type: Type.BOOL,
            label: Label.OPTIONAL,
            jsonName: 'holdForReview',
            proto3Optional: true,
            oneofIndex: 0,
            options,
          },
          {
            name: 'quantity',
            number: 2,
            type: Type.INT32,
            label: Label.OPTIONAL,
            jsonName: 'quantity',
            options: positive,
          },
        ],
        oneofDecl: [{ name: '_hold_for_review' }],
      },
      {
        name: 'Batch',
        field: [
          {
            name: 'orders',
            number: 1,
            type: Type.MESSAGE,
            typeName: '.ruled.Order',
            label: Label.REPEATED,
            jsonName: 'orders',
          },
        ],
      },
    ],
  })
  const registry = createFileRegistry(file, (name) =>
    name === 'buf/validate/validate.proto' ? file_buf_validate_validate : undefined,
  )
  const ruledOrder = registry.getMessage('ruled.Order') as NonNullable<ReturnType<typeof registry.getMessage>>
  const ruledBatch = registry.getMessage('ruled.Batch') as NonNullable<ReturnType<typeof registry.getMessage>>
  const make = (order: Record<string, unknown>): ReturnType<typeof create> =>
    create(ruledBatch, { orders: [create(ruledOrder, order)] })

  it('a field that the rules require is missing like one that is named, and counted by its path', () => {
    const presence = requirePresent(ruledBatch, ['orders.*.hold_for_review'], {
      validator: createValidator(),
    })
    const byRules = presenceWith({ absentPlaces: () => [] }, ruledBatch, {
      fields: ['orders.*.hold_for_review'],
      validator: createValidator(),
    })
    for (const checked of [presence, byRules])
      expect(missingIn(checked, make({ quantity: 1 }))).toEqual(['orders.*.hold_for_review'])
    expect(byRules.counts()).toMatchObject([{ field: 'orders.*.hold_for_review', missing: 1 }])
    expect(presence.check(make({ holdForReview: false, quantity: 1 }), info).hold).toBe(false)
  })

  it('another rule that is broken makes the message invalid', () => {
    const presence = requirePresent(ruledBatch, ['orders.*.hold_for_review'], {
      validator: createValidator(),
    })
    expect(() => presence.check(make({ holdForReview: false, quantity: 0 }), info)).toThrow(
      /does not satisfy its schema: .*quantity/,
    )
  })

  it('rules belong to protobuf', () => {
    expect(() => requirePresent(z.unknown(), ['a'], { validator: createValidator() })).toThrow('left out')
  })
})

function lacking(...places: readonly number[]): unknown {
  const batch = batchOf('b', 3, 0)
  const orders = batch.orders.map((order, at) =>
    places.includes(at) ? create(orderSchema, { ref: order.ref }) : order,
  )
  return create(batchSchema, { id: 'b', holdForReview: true, orders })
}

function missingIn(presence: Presence, message: unknown): unknown {
  try {
    presence.check(message, info)
    return []
  } catch (error) {
    if (!isOncewardError(error, 'FIELD_MISSING')) throw error
    return error.details['fields']
  }
}
