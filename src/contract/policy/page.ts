import type { OutcomeClass } from '../../http/profiles.ts'
import type { Profile } from '../profiles.ts'
import { durationText } from './durations.ts'
import type { Policy, PolicyRoute } from './policy.ts'
import { statusesOf } from './statuses.ts'

/** A page before it has a form. Text between backticks is code. */
export interface Page {
  readonly title: string
  readonly sections: readonly Section[]
}

export interface Section {
  readonly heading: string
  readonly paragraphs: readonly string[]
  readonly table?: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
}

/** Operations for which the same is said of keys, answers and retries. */
interface Rules {
  /** Stands for all of them, but for their retention. */
  readonly route: PolicyRoute
  readonly routes: PolicyRoute[]
}

/** What partners are given. Says nothing that is not in the policy or its profiles. */
export function policyPage(policy: Policy): Page {
  const all = rulesOf(policy)
  const [only] = all
  return {
    title:
      policy.service === undefined
        ? 'Repeating requests safely'
        : `${policy.service}: repeating requests safely`,
    sections:
      all.length === 1 && only !== undefined
        ? [
            keySection(policy, only.route, 'The key'),
            operationsSection(policy, all),
            answersSection(only, 'What is answered'),
            retriesSection(only, 'What to retry, and how'),
          ]
        : [
            operationsSection(policy, all),
            ...all.flatMap((rules, index) => {
              const name = `Rules ${letterOf(index)}`
              return [
                keySection(policy, rules.route, `${name}: the key`),
                answersSection(rules, `${name}: what is answered`),
                retriesSection(rules, `${name}: what to retry, and how`),
              ]
            }),
          ],
  }
}

function rulesOf({ routes }: Policy): readonly Rules[] {
  const byContent = new Map<string, Rules>()
  for (const route of routes.filter(({ isGuarded }) => isGuarded)) {
    const { profile, bodyKey, unclear } = route
    const classes = outcomeClasses.map((wanted) => statusesOf(route.classOf, wanted))
    const content = JSON.stringify([profile.name, profile.keyHeader, bodyKey, unclear, classes])
    const rules = byContent.get(content) ?? { route, routes: [] }
    rules.routes.push(route)
    byContent.set(content, rules)
  }
  return [...byContent.values()]
}

const outcomeClasses: readonly OutcomeClass[] = ['final', 'no-effect', 'ambiguous']

function letterOf(index: number): string {
  return index < 26 ? String.fromCodePoint(65 + index) : String(index + 1)
}

function keySection({ documentation }: Policy, { profile, bodyKey }: PolicyRoute, heading: string): Section {
  const example = '8e03978e-40d5-43dd-bc93-6894a57f9324'
  const written = profile.keyForm === 'quoted' ? `"${example}"` : example
  return {
    heading,
    paragraphs: [
      `Send the header \`${profile.keyHeader}\` with a key of your own: ${profile.keyFormat}.`,
      `\`${profile.keyHeader}: ${written}\``,
      ...(bodyKey === undefined
        ? []
        : [`Without the header, the key is taken from the JSON body, at \`${bodyKey}\`.`]),
      ...(profile.needsFirstSent
        ? ['`Repeatability-First-Sent` holds the time of the first try and stays the same in all of them.']
        : []),
      'One key names one piece of work. Make it before the first try, keep it, and send it with every retry of that work, together with the same body. Take a new key for new work.',
      'Keys are yours alone: those of other callers, and of other operations, are other keys.',
      ...(documentation === undefined ? [] : [`More: ${documentation}`]),
    ],
  }
}

function operationsSection({ routes }: Policy, all: readonly Rules[]): Section {
  const hasRules = all.length > 1
  return {
    heading: 'Where, and for how long',
    paragraphs: [
      'The first line that fits counts. Within that time a repeated key gets the first answer, and nothing is done again.',
    ],
    table: {
      head: ['operation', 'key', 'kept for', ...(hasRules ? ['rules'] : [])],
      rows: routes.map((route) => {
        const at = all.findIndex((rules) => rules.routes.includes(route))
        const rules = hasRules ? [at < 0 ? '–' : letterOf(at)] : []
        return route.isGuarded
          ? [
              nameOf(route),
              route.isRequired ? 'required' : 'optional',
              durationText(route.retainMs),
              ...rules,
            ]
          : [nameOf(route), 'not looked at: each request is carried out', '–', ...rules]
      }),
    },
  }
}

/** With parameters as OpenAPI writes them. */
function nameOf({ methods, path }: PolicyRoute): string {
  const shown = path?.replaceAll(/:([A-Za-z_]\w*)/g, '{$1}') ?? '(any other path)'
  return `\`${methods.join(', ')} ${shown}\``
}

function answersSection({ route, routes }: Rules, heading: string): Section {
  const { profile } = route
  const rows: (readonly [string, string, string] | undefined)[] = [
    ...firstRows(route),
    [
      'the same key and body, after the first has ended',
      'that of the first',
      'The first answer again: status and body.',
    ],
    [
      'the same key while the first is at work',
      profile.inFlight.join(' or '),
      'Nothing is done. `Retry-After` says when to ask again, where it is sent.',
    ],
    profile.mismatch === undefined
      ? ['the same key with another body', 'an error', 'Nothing is done.']
      : [
          'the same key with another body',
          String(profile.mismatch),
          'Nothing is done. The first answer stays.',
        ],
    profile.missing === undefined || !routes.some(({ isRequired }) => isRequired)
      ? undefined
      : ['no key where one is required', String(profile.missing), 'Nothing is done.'],
    ['a key in another form', '400', 'Nothing is done.'],
    ['a key that is older than it is kept', expiredStatus(profile), expiredText(profile)],
  ]
  return {
    heading,
    paragraphs: [],
    table: { head: ['when', 'status', 'what happens'], rows: rows.filter((row) => row !== undefined) },
  }
}

/** The first request, by what its own answer means. */
function firstRows({ classOf, unclear }: PolicyRoute): readonly (readonly [string, string, string])[] {
  const said = (wanted: OutcomeClass, text: string): (readonly [string, string, string])[] => {
    const statuses = statusesOf(classOf, wanted)
    if (statuses === undefined) return []
    return [['the first request', statuses === 'all' ? 'its own' : `its own: ${statuses}`, text]]
  }
  return [
    ...said('final', 'It is carried out. The answer is kept, whether it is a success or an error.'),
    ...said('no-effect', 'Nothing was done and nothing is kept: the same request may be carried out later.'),
    ...said(
      'ambiguous',
      unclear === 'stays'
        ? 'It is not known whether it was carried out. Retries get 409 until it is; nothing is done twice.'
        : 'It is not known whether it was carried out. A retry finds out, and nothing is done twice.',
    ),
  ]
}

function expiredStatus({ expired }: Profile): string {
  return expired === undefined ? 'its own' : String(expired)
}

function expiredText({ expired }: Profile): string {
  return expired === undefined ? 'It is carried out as new work.' : 'Nothing is done.'
}

function retriesSection({ route, routes }: Rules, heading: string): Section {
  const { profile } = route
  const least = durationText(Math.min(...routes.map(({ retainMs }) => retainMs)))
  const refused = [...new Set([400, profile.missing, profile.mismatch])].filter(
    (status) => status !== undefined,
  )
  return {
    heading,
    paragraphs: [
      'Wait longer from try to try (1 s, 2 s, 4 s, …, at most a minute), each time by a random share of that, and as long as `Retry-After` says where it is sent.',
      `Stop before the key is forgotten: within ${least} of the first try. After that, find out whether the work was done before you send it again.`,
    ],
    table: {
      head: ['you got', 'then'],
      rows: [
        ['no answer: a timeout, a closed connection', 'Retry with the same key and the same body.'],
        [
          profile.inFlight.join(', '),
          'Your first request is still at work, or it is not yet known how it ended. Retry with the same key and body.',
        ],
        ['429, 503', 'Retry with the same key and body.'],
        ...serverErrorRows(route),
        [refused.join(', '), 'Do not retry. Correct the request, and send it with a new key.'],
        ...(profile.expired === undefined
          ? []
          : [[String(profile.expired), 'Do not retry. Find out whether the work was done.']]),
        ['410', 'The work was done, and the answer was too large to be kept. Do not retry.'],
        ['any other answer', 'It is the outcome of your request. Retrying gives it again.'],
      ],
    },
  }
}

function serverErrorRows({ classOf }: PolicyRoute): string[][] {
  const kept = [500, 502, 504].filter((status) => classOf(status) === 'final')
  const open = [500, 502, 504].filter((status) => classOf(status) !== 'final')
  const rows: string[][] = []
  if (kept.length > 0)
    rows.push([
      kept.join(', '),
      'Retry with the same key and body. Where the same answer comes back, it is the kept one: find out what was done before you take a new key.',
    ])
  if (open.length > 0) rows.push([open.join(', '), 'Retry with the same key and body.'])
  return rows
}
