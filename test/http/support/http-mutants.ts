import type { HttpRules } from '../../../src/http/decisions.ts'

/** One broken decision of the HTTP engine, put in by injection; the sentences that name it must fail. */
export interface HttpMutant {
  readonly id: string
  readonly breaks: string
  readonly rules: (standard: HttpRules) => Partial<HttpRules>
}

const mutants: readonly HttpMutant[] = [
  {
    id: 'key-without-caller',
    breaks: 'lets all callers share their keys',
    rules: (standard) => ({ keyOf: (_, kind, parts) => standard.keyOf('all', kind, parts) }),
  },
  {
    id: 'operation-without-path',
    breaks: 'leaves the path out of the scope of a key',
    rules: () => ({ operationOf: ({ method }) => method }),
  },
  {
    id: 'operation-without-method',
    breaks: 'leaves the method out of the scope of a key',
    rules: (standard) => ({ operationOf: (request) => standard.operationOf({ ...request, method: 'ANY' }) }),
  },
  {
    id: 'scope-without-path',
    breaks: 'knows the path of a request neither by its scope nor by its fingerprint',
    rules: (standard) => ({
      operationOf: ({ method }) => method,
      fingerprintOf: (options, request, body) =>
        standard.fingerprintOf(options, { ...request, target: '/' }, body),
    }),
  },
  {
    id: 'fingerprint-without-path',
    breaks: 'takes all paths of a template for the same request',
    rules: (standard) => ({
      fingerprintOf: (options, request, body) =>
        standard.fingerprintOf(options, { ...request, target: '/' }, body),
    }),
  },
  {
    id: 'fingerprint-without-body',
    breaks: 'does not look at the body',
    rules: (standard) => ({
      fingerprintOf: (options, request) => standard.fingerprintOf(options, request, {}),
    }),
  },
  {
    id: 'fingerprint-ignores-nothing',
    breaks: 'takes another time stamp for another request',
    rules: (standard) => ({
      fingerprintOf: (options, request, body) =>
        standard.fingerprintOf({ ...options, ignore: [] }, request, body),
    }),
  },
  {
    id: 'key-by-body',
    breaks: 'names the work by what is in the body instead of by the key',
    rules: (standard) => ({
      keyOf: (caller, kind) => standard.keyOf(caller, kind, ['body']),
    }),
  },
  {
    id: 'everything-is-final',
    breaks: 'keeps every answer as the result',
    rules: () => ({ classOf: () => 'final' }),
  },
  {
    id: 'ambiguous-frees-the-key',
    breaks: 'lets a request run again after an answer that does not say whether it took effect',
    rules: (standard) => ({
      classOf: (options, answer) => {
        const outcome = standard.classOf(options, answer)
        return outcome === 'ambiguous' ? 'no-effect' : outcome
      },
    }),
  },
  {
    id: 'strict-takes-anything',
    breaks: 'takes bare keys under the strict profile',
    rules: (standard) => ({ readKey: (value) => standard.readKey(value, 'sf-or-bare') }),
  },
  {
    id: 'window-without-end',
    breaks: 'gives a natural key to the first work for ever',
    rules: () => ({ naturalGeneration: (newest) => newest?.generation ?? 0 }),
  },
  {
    id: 'window-by-the-clock',
    breaks: 'cuts time into windows, so that two requests a moment apart fall into two',
    rules: () => ({ naturalGeneration: (_, windowMs, nowMs) => Math.floor(nowMs / windowMs) }),
  },
  {
    id: 'window-without-memory',
    breaks: 'makes every request by natural key a work of its own',
    rules: () => ({ naturalGeneration: (newest) => (newest === undefined ? 0 : newest.generation + 1) }),
  },
  {
    id: 'window-ends-doubts',
    breaks: 'starts afresh once a doubt is old',
    rules: (standard) => ({
      naturalGeneration: (newest, windowMs, nowMs) =>
        standard.naturalGeneration(
          newest === undefined ? undefined : { ...newest, state: 'succeeded' },
          windowMs,
          nowMs,
        ),
    }),
  },
  {
    id: 'tracked-for-ever',
    breaks: 'takes an OASIS request however long ago it was first sent',
    rules: () => ({ isOutsideWindow: () => false }),
  },
]

export const httpMutantIds: readonly string[] = mutants.map(({ id }) => id)

export function httpMutant(id: string): HttpMutant | undefined {
  return mutants.find((mutant) => mutant.id === id)
}
