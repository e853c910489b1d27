import { count, csv, diceFrom, type Dice, type Files, jsonLines, log, utc } from './files.ts'

/** The report names times and no day: this one is made up. */
const startMs = Date.UTC(2026, 4, 12, 8)
const endMs = Date.UTC(2026, 4, 12, 12)
const exampleMs = Date.UTC(2026, 4, 12, 10, 30, 15)
const intervalMs = 2000
/** As the report's example shows them: the first answer is later than the second request. */
const exampleDurationsMs = [2500, 180, 195]
/** Where in the morning other customers come three times as well. */
const alsoThreeTimes = [17, 44, 71, 103, 128, 150]
const customers = 160

interface Request {
  readonly atMs: number
  readonly customer: string
  readonly durationMs: number
  readonly payload: string
}

/** Registrations of customers that reach the partner's CRM three times within seconds. */
export function registrations(): Files {
  const dice = diceFrom(7890)
  const requests = requestsOf(dice)
  return {
    'partner-access.csv': csv(
      ['at', 'route', 'customer_id', 'status', 'duration_ms', 'body_digest'],
      requests.map(({ atMs, customer, durationMs, payload }) => [
        utc(atMs),
        'POST /registrations',
        customer,
        202,
        durationMs,
        payload,
      ]),
    ),
    'records.csv': records(requests),
    'partner-log.txt': log(partnerLog(dice)),
    'changes.jsonl': jsonLines(changes),
  }
}

function requestsOf(dice: Dice): readonly Request[] {
  const stepMs = (endMs - startMs) / customers
  const others = count(customers).flatMap((at) => {
    const atMs = startMs + Math.floor(at * stepMs) + dice.whole(0, Math.floor(stepMs / 2))
    const customer = { customer: `CUST_${7800 + at + (at < 90 ? 0 : 1)}`, payload: dice.hex(16) }
    // A customer who is slow to be taken in is sent again two seconds later, and once more.
    return alsoThreeTimes.includes(at)
      ? three(atMs, customer, [dice.whole(2200, 2900), dice.whole(150, 240), dice.whole(150, 240)])
      : [{ ...customer, atMs, durationMs: dice.whole(120, 900) }]
  })
  const example = three(exampleMs, { customer: 'CUST_7890', payload: dice.hex(16) }, exampleDurationsMs)
  return [...others, ...example].toSorted((a, b) => a.atMs - b.atMs)
}

function three(
  atMs: number,
  customer: Pick<Request, 'customer' | 'payload'>,
  durationsMs: readonly number[],
): readonly Request[] {
  return durationsMs.map((durationMs, at) => ({ ...customer, atMs: atMs + at * intervalMs, durationMs }))
}

/** Each request made a record of its own. */
function records(requests: readonly Request[]): string {
  const made = requests
    .map(({ atMs, durationMs, customer }) => ({ ms: atMs + durationMs - 20, customer }))
    .toSorted((a, b) => a.ms - b.ms)
  return csv(
    ['created_at', 'record_id', 'customer_id'],
    made.map(({ ms, customer }, at) => [utc(ms), `REC-${55_000 + at}`, customer]),
  )
}

/** Errors of every day: nothing that has to do with registrations. */
function partnerLog(dice: Dice): readonly (readonly [number, string])[] {
  return count(30).map((at) => [
    startMs + at * 480_000 + dice.whole(0, 400_000),
    dice.oneOf([
      'INFO reports.daily sheet written',
      'WARN address.check street is not in the list of this town',
      'ERROR newsletter an address has no domain',
    ]),
  ])
}

const changes = [
  {
    at: '2026-05-11T13:00:00.000Z',
    name: 'crm-ui 2.18.0',
    kind: 'deploy',
    text: 'new colours in the list of customers',
  },
]
