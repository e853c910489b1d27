import { StoreFault } from '../../ledger/store.ts'
import { type Method, type Mutant, reply } from './wrap.ts'

const full = 'a full batch is taken whole by every method'
const bad =
  'a bad request is taken or rejected, and never takes its neighbours with it when they are sent alone'

const inOrder: Readonly<Record<Method, string>> = {
  claim: 'claims are answered in the order they were asked, each on its own',
  settle: 'settles are answered in the order they were asked, each on its own',
  renew: 'renewals are answered in the order they were asked, each on its own',
  resolve: 'decisions are answered in the order they were asked, each on its own',
  recall: 'recalls are answered in the order they were asked, each on its own',
}

export const brokenBatches: readonly Mutant[] = [
  ...(['claim', 'settle', 'renew', 'resolve', 'recall'] as const).map(answersBackwards),
  ...(['claim', 'settle', 'renew', 'resolve'] as const).map(answersFirstOnly),
  {
    id: 'rows-as-found',
    breaks: 'answers reads in the order in which it finds the rows, without those that it does not find',
    caughtBy: ['rows are read in the order they were asked, with nothing for what is not there'],
    broken: (store) => ({
      read: async (refs) => {
        const good = await store.read(refs)
        const found = good.results
          .filter((row) => row !== undefined)
          .toSorted((a, b) => (a.ref < b.ref ? -1 : 1))
        return { ...good, results: found }
      },
    }),
  },
  {
    id: 'empty-batch-answered',
    breaks: 'answers an empty batch as if something had been asked',
    caughtBy: ['an empty batch is answered with no answers'],
    broken: reply('claim', (results) => (results.length === 0 ? [{ kind: 'gone' }] : results)),
  },
  {
    id: 'batch-without-bound',
    breaks: 'promises to take more than 500 requests at once',
    caughtBy: ['a batch names how much it may hold: 1 to 500 requests'],
    broken: () => ({ maxBatch: 10_000 }),
  },
  {
    id: 'batch-cut-short',
    breaks: 'leaves out the last of a full batch',
    caughtBy: [full],
    broken: (store) => ({
      read: (refs) => store.read(refs.length === store.maxBatch ? refs.slice(0, -1) : refs),
    }),
  },
  {
    id: 'bad-request-half-taken',
    breaks: 'writes what comes before a bad request of a batch that it rejects',
    caughtBy: [bad],
    broken: (store) => ({
      claim: async (requests) => {
        const at = requests.findIndex(({ subject }) => subject?.includes('\u0000'))
        if (at < 0) return store.claim(requests)
        await store.claim(requests.slice(0, at))
        throw new StoreFault('rejected', 'A text holds NUL.')
      },
    }),
  },
  {
    id: 'bad-request-unnamed',
    breaks: 'does not say that a batch was rejected, so that it would be sent again for ever',
    caughtBy: [bad],
    broken: (store) => ({
      claim: (requests) =>
        requests.some(({ subject }) => subject?.includes('\u0000'))
          ? Promise.reject(new StoreFault('lost', 'invalid byte sequence'))
          : store.claim(requests),
    }),
  },
  {
    id: 'bad-request-poisons',
    breaks: 'rejects everything after a bad request',
    caughtBy: [bad],
    broken: (store, notes) => ({
      claim: (requests) => {
        if (requests.some(({ subject }) => subject?.includes('\u0000'))) notes.set('poisoned', true)
        return notes.has('poisoned')
          ? Promise.reject(new StoreFault('rejected', 'current transaction is aborted'))
          : store.claim(requests)
      },
    }),
  },
  {
    id: 'cuts-text-at-nul',
    breaks: 'takes a text with NUL and keeps what comes before it',
    caughtBy: [bad],
    broken: (store) => ({
      claim: (requests) =>
        store.claim(
          requests.map((request) => {
            const [subject] = request.subject?.split('\u0000') ?? []
            return subject === undefined ? request : { ...request, subject }
          }),
        ),
    }),
  },
]

function answersBackwards(method: Method): Mutant {
  return {
    id: `${method}-answers-backwards`,
    breaks: `answers a batch of ${method} in another order`,
    caughtBy: [inOrder[method]],
    broken: reply(method, (results) => results.toReversed()),
  }
}

/** Whatever the store takes at most. */
function answersFirstOnly(method: Method): Mutant {
  return {
    id: `${method}-answers-some`,
    breaks: `leaves out the last answer of a full batch of ${method}`,
    caughtBy: [full],
    broken: (good, notes) => reply(method, (results) => results.slice(0, good.maxBatch - 1))(good, notes),
  }
}
