import type { StepsDocument } from '../../ledger/entry.ts'

/** Steps in every state, with every member somewhere. */
export function sampleSteps(): StepsDocument {
  return {
    unlistedSinceMs: 1_700_000_000_123,
    steps: [
      {
        name: 'reserve',
        safety: 'keyed',
        state: 'succeeded',
        attempts: 2,
        startedAtMs: 0x18bcfe5687c,
        ...{
          firstPossibleSendAtMs: 0x18bcfe5687c,
          finishedAtMs: 0x18bcfe569c8,
          inputDigest: 'abc',
          round: 1,
        },
        value: '{"id":"r-1","note":"naïve \\"quotes\\" 🚚"}',
      },
      {
        name: 'pack',
        safety: 'verifiable',
        state: 'failed',
        attempts: 1,
        startedAtMs: 0x18bcfe569f4,
        ...{
          firstPossibleSendAtMs: 0x18bcfe5687c,
          finishedAtMs: 0x18bcfe56a58,
          inputDigest: '',
          round: 0,
        },
        error: {
          code: 'NO_BOX',
          message: "it's gone",
        },
      },
      {
        name: 'label',
        safety: 'blind',
        state: 'succeeded',
        attempts: 1,
        startedAtMs: 0x18bcfe56abc,
        ...{
          firstPossibleSendAtMs: 0x18bcfe56abc,
          finishedAtMs: 0x18bcfe56b20,
          inputDigest: '',
          round: 0,
        },
        notKept: true,
      },
      {
        name: 'ship',
        safety: 'blind',
        state: 'started',
        attempts: 1,
        startedAtMs: 0x18bcfe56b84,
        ...{
          firstPossibleSendAtMs: 0x18bcfe56b84,
          inputDigest: 'def',
          round: 0,
        },
      },
    ],
  }
}
