import type { StormName } from '../cells.ts'
import { storm } from '../outbound/storm.ts'
import type { Contender, Setting } from './contender.ts'

const failingOfStorm = 0.3

/** Counts; the time it takes says nothing, and so it is a number of intents and not a window. */
export function stormContender(name: StormName, { form }: Setting): Contender {
  return {
    measure: async ({ work, concurrency }, { measureMs }) => {
      const isOutage = work === 'outage'
      // Where all fails and nobody holds back, each intent is 243 calls.
      const intents = isOutage && name === 'storm-no-budget' ? 10 : measureMs < 1000 ? 200 : 500
      return storm(name, { form, intents, concurrency, failing: isOutage ? 1 : failingOfStorm })
    },
    close: () => Promise.resolve(),
  }
}
