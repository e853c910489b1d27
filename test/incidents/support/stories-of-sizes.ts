import { at, type Cells, csv, jsonl, numbersFrom } from './bundle.ts'
import type { Story } from './story.ts'

const count = 240

interface Sized {
  readonly index: number
  readonly bytes: number
  /** Evenly from 0 to 1, in an order that has nothing to do with size or time. */
  readonly chance: number
}

/** Sizes up to 24,000 bytes, one row in ninety seconds. */
const rows: readonly Sized[] = ((random: () => number) =>
  Array.from({ length: count }, (_, index) => ({
    index,
    bytes: 100 + ((index * 89) % count) * 100,
    chance: random(),
  })))(numbersFrom(17))

type Expected = Pick<Story, 'yes' | 'no' | 'unknown'>

/** Of what was delivered, some never arrives. */
function losing(
  name: string,
  isLost: (row: Sized) => boolean,
  { hasSizes = true, ...expected }: Partial<Expected> & { readonly hasSizes?: boolean },
): Story {
  return {
    name,
    bundle: {
      sources: [
        { id: 'sent', kind: 'deliveries', path: 'sent.csv' },
        { id: 'done', kind: 'effects', path: 'done.csv' },
      ],
      files: {
        'sent.csv': csv(
          rows.map(({ index, bytes }) => ({
            order_ref: `o-${index}`,
            at: at(index * 90),
            status: 200,
            ...(hasSizes ? { bytes } : {}),
          })),
        ),
        'done.csv': csv(
          rows
            .filter((row) => !isLost(row))
            .map(({ index }) => ({
              order_ref: `o-${index}`,
              charge_id: `c-${index}`,
              at: at(index * 90 + 2),
              payload: JSON.stringify({ total: index }),
            })),
        ),
      },
    },
    yes: ['loss.present', ...(expected.yes ?? [])],
    no: ['dup.present', ...(expected.no ?? [])],
    unknown: expected.unknown ?? [],
  }
}

/** Effects of which nobody said what field is in question, unless `map` does. */
function done(
  name: string,
  cells: readonly object[],
  { map = {}, ...expected }: Partial<Expected> & { readonly map?: Readonly<Record<string, string>> },
): Story {
  return {
    name,
    bundle: {
      sources: [{ id: 'done', kind: 'effects', path: 'done.jsonl', map }],
      files: { 'done.jsonl': jsonl(cells) },
    },
    yes: [],
    no: [],
    unknown: [],
    ...expected,
  }
}

const effect = ({ index, bytes }: Sized): Cells => ({
  order_ref: `o-${index}`,
  charge_id: `c-${index}`,
  at: at(index * 90),
  bytes,
})

/** A field that is in a row, or null in it. */
function some(field: string, isGone: (row: Sized) => boolean): object[] {
  return rows.map((row) => ({ ...effect(row), [field]: isGone(row) ? null : `x${row.index}` }))
}

/** The requests know how large they were, the effects do not. */
function sizesElsewhere(): Story {
  const told = done(
    'a field that the large lack, whose sizes another source tells',
    some('address', ({ bytes }) => bytes > 18_000).map((row) => ({ ...row, bytes: undefined })),
    { yes: ['field.missing', 'field.missing-by-size'] },
  )
  const { sources, files } = told.bundle
  const asked = rows.map(({ index, bytes }) => ({ order_ref: `o-${index}`, at: at(index * 90 - 1), bytes }))
  return {
    ...told,
    bundle: {
      sources: [...sources, { id: 'asked', kind: 'requests', path: 'asked.csv' }],
      files: { ...files, 'asked.csv': csv(asked) },
    },
  }
}

interface Minute {
  readonly minute: number
  readonly isBusy: boolean
}

/** Twelve rows in a busy minute and two in a quiet one; every second row of some minutes has no address. */
function loaded(isBusy: (minute: number) => boolean, isGone: (at: Minute) => boolean): object[] {
  return Array.from({ length: 360 }, (_, minute) => ({ minute, isBusy: isBusy(minute) })).flatMap((each) =>
    Array.from({ length: each.isBusy ? 12 : 2 }, (_, index) => ({
      order_ref: `o-${each.minute}-${index}`,
      charge_id: `c-${each.minute}-${index}`,
      at: at(each.minute * 60 + index * 4),
      address: isGone(each) && index % 2 === 0 ? null : 'a street',
    })),
  )
}

const inWaves = (minute: number): boolean => minute >= 60 && minute % 30 < 12

export const sizes: readonly Story[] = [
  losing('what is large is lost', ({ bytes }) => bytes > 18_000, {
    yes: ['loss.by-size'],
    unknown: ['field.missing', 'field.missing-by-size'],
  }),
  losing('losses of all sizes', ({ chance }) => chance < 0.3, { no: ['loss.by-size', 'field.missing'] }),
  losing(
    'what is large is lost, and some of the rest',
    ({ bytes, chance }) => bytes > 18_000 || chance < 0.1,
    {
      unknown: ['loss.by-size'],
    },
  ),
  losing('a part of what is large is lost', ({ bytes, chance }) => bytes > 12_000 && chance < 0.4, {
    unknown: ['loss.by-size'],
  }),
  losing('losses of which no sizes are known', ({ chance }) => chance < 0.3, {
    hasSizes: false,
    unknown: ['loss.by-size'],
  }),

  done(
    'a field that is gone from half time on',
    some('address', ({ index }) => index >= 120),
    {
      yes: ['field.missing'],
      no: ['field.missing-by-size'],
    },
  ),
  done(
    'a part of a payload that is gone from half time on',
    rows.map((row) => ({
      ...effect(row),
      payload: {
        total: row.index,
        to: row.index >= 120 ? {} : { street: 'a' },
        lines: [1, 2].slice(row.index % 2),
      },
    })),
    { yes: ['field.missing'] },
  ),
  done(
    'a field that now and then is empty',
    some('note', ({ chance }) => chance < 0.3),
    {
      unknown: ['field.missing', 'field.missing-by-size'],
    },
  ),
  done(
    'a field that is empty a few times late',
    some('note', ({ index }) => index > 200 && index % 8 === 0),
    {
      yes: ['field.missing'],
    },
  ),
  done(
    'a field that is rarely empty after half time',
    some('note', ({ index }) => index > 120 && index % 30 === 0),
    {
      unknown: ['field.missing'],
    },
  ),
  done(
    'a field that one type has, and another, which is larger and comes later, has not',
    some('street', ({ index }) => index >= 120).map((row, index) => ({
      ...row,
      event_type: index >= 120 ? 'order.cancelled' : 'order.created',
      bytes: index * 100,
    })),
    { unknown: ['field.missing'] },
  ),
  done(
    'a time that the last rows do not have yet',
    some('settled_at', ({ index }) => index >= 200),
    {
      unknown: ['field.missing'],
    },
  ),

  done(
    'a field that a part of the larger half lacks',
    some('address', ({ bytes, chance }) => bytes > 12_000 && chance < 0.45),
    { yes: ['field.missing', 'field.missing-by-size'], no: ['size.at-limit'] },
  ),
  done(
    'a mapped field that few of the large lack',
    some('address', ({ bytes, chance }) => bytes > 12_000 && chance < 0.15),
    { unknown: ['field.missing-by-size'], map: { value: 'address' } },
  ),
  sizesElsewhere(),
  done(
    'a part that is missing while there is much to do',
    loaded(inWaves, ({ isBusy }) => isBusy),
    { yes: ['field.missing', 'field.missing-by-size'], unknown: ['size.at-limit'] },
  ),
  done(
    'a part that is missing since half time, however much there is to do',
    loaded(inWaves, ({ minute }) => minute >= 180),
    { yes: ['field.missing'], unknown: ['field.missing-by-size'] },
  ),
  done(
    'a part that is missing since it became busy for good: load or time, nobody can tell',
    loaded(
      (minute) => minute >= 180,
      ({ isBusy }) => isBusy,
    ),
    { yes: ['field.missing'], unknown: ['field.missing-by-size'] },
  ),
]
