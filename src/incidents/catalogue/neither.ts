import type { Cause } from './cause.ts'

/** Always scored: where one of them leads, the engine abstains. */
export const neitherCauses: readonly Cause[] = [
  {
    id: 'N01',
    title: 'No duplicate: a hold, an instalment, a new order, or the join of an export',
    kind: 'neither',
    mechanism:
      'The rows look alike and are meant: a hold that is later voided, instalments, a second order, or one row that a join multiplied.',
    prior: -3,
    signals: {
      'later-void': [6, -0.5],
      'join.fan-out': [6, -0.3],
      'payload.business-differs': [5, -0.7],
      'payload.equal': [-0.3, 0.5],
      'loss.present': [-1, 0.2],
      'ids.reused': [-2.5, 0.1],
      'attempt.second': [-1.5, 0.3],
    },
    contradictions: [],
    test: {
      step: 'settled-rows-only',
      signal: 'later-void',
      action:
        "Settled rows only: repeat the count of duplicates without holds, voids, instalments and joined tables: SELECT ref, count(DISTINCT effect) FROM effects WHERE status = 'settled' GROUP BY ref HAVING count(DISTINCT effect) > 1",
      costMinutes: 5,
    },
    mitigations: [],
    fixes: [],
    predicts: ['Counted by settled effects, no reference has two.'],
  },
  {
    id: 'N02',
    title: 'Not enough evidence',
    kind: 'neither',
    mechanism: 'What was supplied does not part the causes; the sources that would are named.',
    prior: 0,
    signals: {},
    contradictions: [],
    test: {
      step: 'supply-what-is-missing',
      signal: 'dup.present',
      action:
        'Supply the sources named as missing, above all the effects as the target has them with reference, key, effect id and time',
      costMinutes: 30,
    },
    mitigations: [],
    fixes: [],
    predicts: ['With the missing sources another cause leads, or none is needed.'],
  },
]
