import { isAccepted, textOfAnswer } from './answer.ts'
import { Bench } from './bench.ts'
import type { Check, First } from './check.ts'
import { bareKey, keyParameters, malformedKey, missingKey, problemDetails } from './checks/keys.ts'
import { concurrentSameKey, replyCut, requestCut } from './checks/races.ts'
import { errorReplay, payloadSwap, replayAfterRestart, replayEqual, replayMany } from './checks/replays.ts'
import { otherCaller, otherPath } from './checks/scopes.ts'
import { optionInvalid } from '../kernel/errors.ts'
import { countEndpoint } from './count-endpoint.ts'
import { type EffectCounter, effectsText } from './counting.ts'
import { headerParameter, type Node, type Operation, operationAt, readOpenApi } from './openapi/document.ts'
import { expiryPublished } from './openapi/published.ts'
import { sampleBody } from './openapi/sample.ts'
import {
  type CheckId,
  checkIds,
  type CheckResult,
  type ContractReport,
  fail,
  type Finding,
  pass,
  skip,
  summaryOf,
  verdictOf,
} from './report.ts'
import { ruleOf } from './rules.ts'
import { type ContractOptions, methodOf, parseTarget, type Settings, settingsOf } from './settings.ts'
import { type WebhookSink, webhookSink } from './webhook-sink.ts'

const notCounted = 'not counted'

/** In the order in which they are made: a restart may lose what was sent before, problem-details goes by what the others were refused with. */
const checks: readonly Check[] = [
  missingKey,
  malformedKey,
  replayEqual,
  replayMany,
  payloadSwap,
  concurrentSameKey,
  otherPath,
  otherCaller,
  replyCut,
  requestCut,
  errorReplay,
  bareKey,
  keyParameters,
  replayAfterRestart,
  problemDetails,
]

/**
 * Tests whether a live API keeps its word on repeated requests. Sends real requests that have real effects, each with
 * keys of its own. Throws `OPTION_INVALID` for wrong options, `TARGET_UNREACHABLE` where nobody answers; whatever the
 * service does wrong is in the report.
 */
export async function runContract(options: ContractOptions): Promise<ContractReport> {
  const document = options.openapi === undefined ? undefined : readOpenApi(options.openapi)
  if (options.url === undefined) return documentReport(options, document)
  const target = parseTarget(options.url)
  const operation =
    document === undefined
      ? undefined
      : { root: document, at: operationAt(document, target, methodOf(options)) }
  const settings = settingsOf(options, operation && sampleBody(operation.root, operation.at))
  const counter = await counterOf(options, settings)
  try {
    const bench = new Bench(settings, target, counter)
    await bench.untilReachable(0)
    const results = await held({ bench, leftOut: leftOut(settings, operation), options })
    results.set('expiry-published', published(settings, document))
    return reportOf({ target: target.href, settings, counted: counter?.how ?? notCounted }, results)
  } finally {
    await counter?.close?.()
  }
}

/** Of a document alone: nothing is sent anywhere, whatever servers it names. */
function documentReport(options: ContractOptions, document: Node | undefined): ContractReport {
  if (document === undefined) throw optionInvalid('--url', 'given, or --openapi', options.url)
  const settings = settingsOf(options, undefined)
  const findings = new Map(checkIds.map((id) => [id, skip('nothing is sent without --url')]))
  findings.set('expiry-published', published(settings, document))
  return reportOf({ target: options.openapi?.name ?? '', settings, counted: 'nothing was sent' }, findings)
}

function published({ profile }: Settings, document: Node | undefined): Finding {
  return document === undefined
    ? skip('needs the OpenAPI document (--openapi)')
    : expiryPublished(document, profile.keyHeader)
}

/** Checks that do not apply here, and why. */
function leftOut(
  { profile }: Settings,
  operation: { readonly root: Node; readonly at: Operation } | undefined,
): ReadonlyMap<CheckId, string> {
  const without = checkIds.flatMap((id) => {
    const why = ruleOf(profile, id).without
    return why === undefined ? [] : [[id, why] as const]
  })
  const parameter = operation && headerParameter(operation.root, operation.at, profile.keyHeader)
  const optional = ['missing-key', 'the document says that a key is optional'] as const
  return new Map(parameter !== undefined && parameter['required'] !== true ? [...without, optional] : without)
}

type Counter = EffectCounter & Partial<Pick<WebhookSink, 'close'>>

async function counterOf({ count }: ContractOptions, settings: Settings): Promise<Counter | undefined> {
  if (count === undefined) return undefined
  if (count.kind === 'webhook') {
    if (!settings.body.text.includes('{{uuid}}'))
      throw optionInvalid(
        '--body',
        'one with {{uuid}} in it (or --unique), which webhooks are told by',
        settings.body.text,
      )
    return webhookSink(count)
  }
  const counter = countEndpoint({ ...count, headers: settings.headers }, settings)
  await counter.count([])
  return counter
}

interface Run {
  readonly bench: Bench
  readonly leftOut: ReadonlyMap<CheckId, string>
  readonly options: ContractOptions
}

async function held({ bench, leftOut: left, options: { onProgress } }: Run): Promise<Map<CheckId, Finding>> {
  const findings = new Map<CheckId, Finding>()
  const progress = (id: CheckId): void => onProgress?.({ id, done: findings.size, of: checks.length + 1 })
  progress('first-accepted')
  const { finding, first } = await firstAccepted(bench)
  findings.set('first-accepted', finding)
  for (const { id, run } of checks) {
    progress(id)
    const without = left.get(id)
    if (without !== undefined) findings.set(id, skip(without))
    else if (first === undefined) findings.set(id, skip('the first request was not accepted'))
    else findings.set(id, await run(bench, first))
  }
  return findings
}

async function firstAccepted(bench: Bench): Promise<{ finding: Finding; first?: First }> {
  const work = bench.fresh()
  const { value: answer, effects } = await bench.counted([work], () => bench.send(work))
  const seen = `${textOfAnswer(answer)}, ${effectsText(effects)}`
  if (!isAccepted(answer)) return { finding: fail(seen, effects) }
  const first = { work, answer }
  if (effects === 0) {
    const how = bench.counter?.how
    // What counts nothing for an accepted request would fail every other check as well.
    bench.counter = undefined
    return { first, finding: fail(`${seen} by ${how}: is that where it happens?`, effects) }
  }
  return {
    first,
    finding: effects === undefined || effects === 1 ? pass(seen, effects) : fail(seen, effects),
  }
}

function reportOf(
  { target, settings, counted }: { target: string; settings: Settings; counted: string },
  findings: ReadonlyMap<CheckId, Finding>,
): ContractReport {
  const results = checkIds.flatMap((id): CheckResult[] => {
    const found = findings.get(id)
    if (found === undefined) return []
    const { level, cite, expected } = ruleOf(settings.profile, id)
    return [{ id, level, rule: cite, ...found, expected }]
  })
  return {
    target,
    profile: settings.profile.name,
    counted,
    checks: results,
    summary: summaryOf(results),
    verdict: verdictOf(results),
  }
}
