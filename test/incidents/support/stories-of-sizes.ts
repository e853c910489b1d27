import { at, csv, numbersFrom } from './bundle.ts'
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

export const sizes: readonly Story[] = [
  losing('what is large is lost', ({ bytes }) => bytes > 18_000, {
    yes: ['loss.by-size'],
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
]
