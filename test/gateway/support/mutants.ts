import type { GatewayRules } from '../../../src/gateway/decisions.ts'

/** One broken decision of the gateway, put in by injection; the sentences that name it must fail. */
export interface GatewayMutant {
  readonly breaks: string
  readonly rules: (standard: GatewayRules) => Partial<GatewayRules>
}

export const gatewayMutants: Readonly<Record<string, GatewayMutant>> = {
  'cut-frees-the-key': {
    breaks: 'sends a request on again after a cut',
    rules: () => ({ failureClass: () => 'no-effect' }),
  },
  'refused-is-in-doubt': {
    breaks: 'holds a key whose request never left for in doubt',
    rules: () => ({ sendFailure: () => 'cut' }),
  },
  'sends-whenever': {
    breaks: 'sends a request on when its client has long been answered',
    rules: () => ({ beginMs: () => 60_000 }),
  },
  'reset-is-not-sent': {
    breaks: 'believes an error code that nothing was sent',
    rules: (standard) => ({
      sendFailure: (failed) => (failed.code === 'UND_ERR_SOCKET' ? 'not-sent' : standard.sendFailure(failed)),
    }),
  },
  'hop-by-hop-upstream': {
    breaks: 'sends on what belongs to the connection of the client',
    rules: () => ({
      requestHeaders: (raw) =>
        raw.filter(
          (_, at) =>
            !/^(host|content-length|transfer-encoding|connection|keep-alive|upgrade|expect)$/i.test(
              raw[at - (at % 2)] ?? '',
            ),
        ),
    }),
  },
  'named-headers-upstream': {
    breaks: 'does not look at what Connection names',
    rules: (standard) => ({
      requestHeaders: (raw, _, client) => standard.requestHeaders(raw, undefined, client),
    }),
  },
  'hop-by-hop-downstream': {
    breaks: 'gives the client what belongs to the connection of the upstream',
    rules: () => ({
      responseHeaders: (received) =>
        Object.entries(received).flatMap(([name, value]) =>
          value === undefined || name === 'transfer-encoding' ? [] : [[name, String(value)] as const],
        ),
    }),
  },
  'all-callers-are-one': {
    breaks: 'leaves the caller out of the scope of a key',
    rules: () => ({ authorizationCaller: () => 'anonymous' }),
  },
  'forwarded-believed': {
    breaks: 'believes X-Forwarded-For of anybody',
    rules: (standard) => ({
      requestHeaders: (raw, connection, client) =>
        standard.requestHeaders(raw, connection, {
          ...client,
          forwarded: { ...client.forwarded, trust: true },
        }),
    }),
  },
  'any-shape-taken': {
    breaks: 'takes requests that can be read in two ways',
    rules: () => ({ refusalOf: () => undefined }),
  },
  'key-in-use-is-final': {
    breaks: 'keeps what a keyed upstream says of the key as the answer',
    rules: (standard) => ({
      classOf: (policy, answer) => standard.classOf({ ...policy, safety: { kind: 'blind' } }, answer),
    }),
  },
  'outcome-ignored': {
    breaks: 'does not look at what the route says of a status',
    rules: (standard) => ({
      classOf: (policy, answer) => standard.classOf({ ...policy, outcome: [] }, answer),
    }),
  },
  'silence-is-no': {
    breaks: 'takes a status answer that says nothing for a no',
    rules: (standard) => ({
      statusMeans: (route, status) => {
        const meaning = standard.statusMeans(route, status)
        return meaning === 'unknown' ? 'did-not-happen' : meaning
      },
    }),
  },
  'yes-is-no': {
    breaks: 'sends on again what the upstream says it has done',
    rules: () => ({ statusMeans: () => 'did-not-happen' }),
  },
}
