import { knownLimits } from '../../integrity/limits.ts'
import type { ClaimFact } from '../model.ts'
import { whole } from '../words.ts'
import { type Check, type Contradicted, denied, isTrue, quote, sentencesOf } from './found.ts'

interface ProtocolFact {
  /** Of two facts on one topic that meet one claim, the first is enough. */
  readonly topic: string
  /** All must be found in one sentence of the claim, in any order. */
  readonly says: readonly RegExp[]
  /** None of them may be: who says the opposite contradicts nothing. */
  readonly unless?: RegExp
  /** A signal that must be true for the fact to bear on the case. */
  readonly given?: string
  readonly fact: string
  readonly source: string
}

const protocolFacts: readonly ProtocolFact[] = [
  {
    topic: 'buffer',
    says: [/\b(tcp|socket|[rw]mem)\b|tcp_[rw]mem/i, /truncat|cut (off|short)|dropp(ed|ing)|capp(ed|ing)/i],
    unless: denied,
    fact: 'A TCP buffer never shortens a message: TCP carries a stream of bytes, and a full buffer only makes the sender wait. What cut the message parses or bounds messages above TCP.',
    source: 'RFC 9293, sections 3.8.6 (window) and 2.2 (reliable, in-order byte stream)',
  },
  {
    topic: 'buffer',
    says: [/buffer/i, /truncat|exceed(s|ed|ing)? the/i, /grpc|protobuf|message|4 ?mb/i],
    unless: denied,
    fact: 'A full socket buffer holds the sender back and loses nothing: a message longer than the buffer arrives in several reads.',
    source: 'RFC 9293, section 3.8.6; tcp(7), tcp_rmem and tcp_wmem',
  },
  {
    topic: 'cut',
    says: [
      /protobuf|unmarshal|deseriali[sz]/i,
      /truncat|partial/i,
      /no error|not error|does not error|without error|silent/i,
    ],
    fact: 'A gRPC message carries its length, and a shorter one is an error before any parser sees it; a protobuf cut inside a field is a parse error too. Only a cut between two fields parses, so that something re-framed or rebuilt the message.',
    source: 'gRPC over HTTP/2, Length-Prefixed-Message; Protocol Buffers encoding, message structure',
  },
  {
    topic: 'proxy',
    says: [
      /\b(alb|elb|load balancer|nginx|envoy|haproxy|proxy|gateway)\b/i,
      /retr(y|ies|ied)|re-?send|replay|forward(s|ed|ing)? .*twice|duplicat/i,
    ],
    unless: /\b(not|unlikely|never|doesn't)\b/i,
    fact: 'Proxies do not send a POST again by default once it has been sent: nginx passes over non-idempotent methods unless non_idempotent is set, an ALB does not retry requests, Envoy retries only where a route says so. Look for that setting before blaming the proxy.',
    source:
      'nginx, ngx_http_proxy_module, proxy_next_upstream; RFC 9110, section 9.2.2; Envoy, HTTP route retry policy',
  },
  {
    topic: 'retransmission',
    says: [/(tcp|packet).*retransmi|retransmi.*(tcp|packet)/i, /duplicat|twice|identical|same request/i],
    unless: denied,
    fact: 'TCP drops a segment that comes twice by its sequence number: no retransmission reaches an application as a second request.',
    source: 'RFC 9293, section 3.10.7.4 (segment arrives: sequence number check)',
  },
  {
    topic: 'constraint',
    says: [/unique|constraint/i, /safe|protect|prevent|impossible|cannot/i],
    unless: /\b(row only|the row\.|protected the row|guards your data|did nothing|nothing for)\b/i,
    given: 'effect-ids.different',
    fact: 'A unique constraint guards the row and not the call that came before it: effects with ids of their own happened for one reference.',
    source: 'the bundle',
  },
  {
    topic: 'once',
    says: [/exactly[- ]once/i],
    unless: denied,
    given: 'dup.present',
    fact: 'Delivery “exactly once” ends where the broker’s own transaction ends; a call to another system inside the handler is outside of it, and is repeated here.',
    source: 'Kafka, KIP-98 (transactions cover topics and offsets); the bundle',
  },
]

/** Claims that contradict how a protocol works. */
export const contradictsProtocol: Check = (checked) => {
  const met = new Set<string>()
  return protocolFacts.flatMap((fact): readonly Contradicted[] => {
    const given = fact.given === undefined ? undefined : isTrue(checked, fact.given)
    if (met.has(fact.topic) || (fact.given !== undefined && given === undefined)) return []
    const found = firstSaying(checked.bundle.claims, fact)
    if (found === undefined) return []
    met.add(fact.topic)
    const { claim, at } = found
    const back = takenBack(claim.text, fact)
    return [
      {
        claim: quote(claim.place, claim.text, at),
        fact: back === undefined ? fact.fact : `${fact.fact} The text takes it back itself: “${back}”`,
        source: fact.source,
        evidence: [claim.evidence, ...(given?.signal.evidence ?? [])],
      },
    ]
  })
}

/** A sentence of the same text that says the opposite. */
function takenBack(text: string, { says, unless }: ProtocolFact): string | undefined {
  return sentencesOf(text).find(
    (sentence) => unless?.test(sentence) === true && says.every((pattern) => pattern.test(sentence)),
  )
}

function firstSaying(
  claims: readonly ClaimFact[],
  { says, unless }: ProtocolFact,
): { readonly claim: ClaimFact; readonly at: number } | undefined {
  for (const claim of claims) {
    let at = 0
    for (const sentence of sentencesOf(claim.text)) {
      const start = claim.text.indexOf(sentence, at)
      at = start + sentence.length
      if (says.every((pattern) => pattern.test(sentence)) && unless?.test(sentence) !== true)
        return { claim, at: start }
    }
  }
  return undefined
}

/** Sizes that stop at a value which is some limit's default: that limit, before any other reason with the same number. */
export const sizeIsKnownLimit: Check = (checked) => {
  const stuck = isTrue(checked, 'size.at-limit')
  const bytes = stuck?.signal.numbers?.['bytes']
  const limit = knownLimits.find((each) => each.bytes === bytes)
  if (stuck === undefined || limit === undefined) return []
  const claim = checked.bundle.claims.find(({ text }) => speaksOfSize(text, limit.bytes))
  if (claim === undefined || claim.text.includes(limit.name)) return []
  return [otherReason(claim, limit, stuck.signal.evidence)]
}

function otherReason(
  claim: ClaimFact,
  limit: (typeof knownLimits)[number],
  evidence: readonly string[],
): Contradicted {
  const at = Math.max(0, claim.text.search(/buffer|limit|truncat|\bMB\b|bytes/i))
  return {
    claim: quote(claim.place, claim.text, at),
    fact: `Sizes stop at ${whole(limit.bytes)} bytes, and that is the default of: ${limit.name}. A larger message is refused there, with an error, and not cut: look for a sender that splits or trims to fit, and for errors swallowed.`,
    source: limit.source,
    evidence: [claim.evidence, ...evidence],
  }
}

function speaksOfSize(text: string, bytes: number): boolean {
  const mebibytes = bytes / 1024 / 1024
  const written = [
    whole(bytes),
    String(bytes),
    ...(Number.isInteger(mebibytes) ? [`${mebibytes}MB`, `${mebibytes} MB`] : []),
  ]
  return written.some((size) => text.includes(size)) || /buffer|truncat/i.test(text)
}
