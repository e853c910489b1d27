import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { storePromises } from './promises.ts'
import { type Examination, problem, remark } from './report.ts'

/** A store of the user's own: whether it opens. What it rests on only its author knows. */
export async function examineModule(url: string): Promise<Examination> {
  const store = await openStoreFromUrl(url)
  const about = { kind: 'module', location: store.location, settings: {} } as const
  try {
    const lineage = await store.open()
    const why = 'the settings of a store of your own cannot be read: its contract and crash tests tell'
    return {
      store: { ...about, reachable: true, lineage },
      claims: storePromises.map(({ id, sentence }) => ({
        id,
        claim: sentence,
        holds: null,
        applies: true,
        why,
      })),
      checks: [],
      findings: [remark(`A store of your own: ${why}.`)],
    }
  } catch (error) {
    const text = `${store.location} cannot be opened: ${messageOf(error)}`
    return {
      store: { ...about, reachable: false },
      claims: [],
      checks: [],
      findings: [problem(text)],
      error: new OncewardError('STORE_UNAVAILABLE', text, { cause: error }),
    }
  } finally {
    await store.close()
  }
}
