import type { Profile } from '../profiles.ts'
import { durationText } from './durations.ts'
import type { Policy, PolicyRoute } from './policy.ts'

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

/** What partners are given. Says nothing that is not in the policy or its profile. */
export function policyPage(policy: Policy): Page {
  return {
    title:
      policy.service === undefined
        ? 'Repeating requests safely'
        : `${policy.service}: repeating requests safely`,
    sections: [keySection(policy), operationsSection(policy), answersSection(policy), retriesSection(policy)],
  }
}

function keySection({ profile, documentation }: Policy): Section {
  const example = '8e03978e-40d5-43dd-bc93-6894a57f9324'
  const written = profile.keyForm === 'quoted' ? `"${example}"` : example
  return {
    heading: 'The key',
    paragraphs: [
      `Send the header \`${profile.keyHeader}\` with a key of your own: ${profile.keyFormat}.`,
      `\`${profile.keyHeader}: ${written}\``,
      ...(profile.needsFirstSent
        ? ['`Repeatability-First-Sent` holds the time of the first try and stays the same in all of them.']
        : []),
      'One key names one piece of work. Make it before the first try, keep it, and send it with every retry of that work, together with the same body. Take a new key for new work.',
      'Keys are yours alone: those of other callers, and of other operations, are other keys.',
      ...(documentation === undefined ? [] : [`More: ${documentation}`]),
    ],
  }
}

function operationsSection({ routes }: Policy): Section {
  return {
    heading: 'Where, and for how long',
    paragraphs: [
      'The first line that fits counts. Within that time a repeated key gets the first answer, and nothing is done again.',
    ],
    table: {
      head: ['operation', 'key', 'kept for'],
      rows: routes.map((route) => [
        nameOf(route),
        route.isRequired ? 'required' : 'optional',
        durationText(route.retainMs),
      ]),
    },
  }
}

function nameOf({ methods, path }: PolicyRoute): string {
  return `\`${methods.join(', ')} ${path ?? '(any path)'}\``
}

const keptErrors = {
  all: 'The answer is kept, whether it is a success or an error.',
  'below-500': 'The answer is kept, unless its status is 500 or above.',
  none: 'The answer is kept where it is a success (2xx).',
} as const

function answersSection({ profile, routes }: Policy): Section {
  const rows: (readonly [string, string, string] | undefined)[] = [
    ['the first request', 'its own', `It is carried out. ${keptErrors[profile.replaysErrors]}`],
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
    profile.malformed.length === 0 ? undefined : ['a key in another form', '400', 'Nothing is done.'],
    ['a key that is older than it is kept', expiredStatus(profile), expiredText(profile)],
  ]
  return {
    heading: 'What is answered',
    paragraphs: [],
    table: { head: ['when', 'status', 'what happens'], rows: rows.filter((row) => row !== undefined) },
  }
}

function expiredStatus({ expired }: Profile): string {
  return expired === undefined ? 'not promised' : String(expired)
}

function expiredText({ expired, name }: Profile): string {
  if (expired !== undefined) return 'Nothing is done.'
  return name === 'stripe-v1'
    ? 'It is carried out as new work.'
    : 'Do not count on either answer: look before you repeat.'
}

function retriesSection({ profile, routes }: Policy): Section {
  const least = durationText(Math.min(...routes.map(({ retainMs }) => retainMs)))
  const conflicts = profile.inFlight.join(', ')
  const refused = [...new Set([400, profile.missing, profile.mismatch])].filter(
    (status) => status !== undefined,
  )
  return {
    heading: 'What to retry, and how',
    paragraphs: [
      'Wait longer from try to try (1 s, 2 s, 4 s, …, at most a minute), each time by a random share of that, and as long as `Retry-After` says where it is sent.',
      `Stop before the key is forgotten: within ${least} of the first try. After that, find out whether the work was done before you send it again.`,
    ],
    table: {
      head: ['you got', 'then'],
      rows: [
        ['no answer: a timeout, a closed connection', 'Retry with the same key and the same body.'],
        [conflicts, 'Your first request is still at work. Retry with the same key and body.'],
        ['429, 503', 'Retry with the same key and body.'],
        ['500, 502, 504', serverErrorText(profile)],
        [refused.join(', '), 'Do not retry. Correct the request, and send it with a new key.'],
        ...(profile.expired === undefined
          ? []
          : [[String(profile.expired), 'Do not retry. Find out whether the work was done.']]),
        ['any other answer', 'It is the outcome of your request. Retrying gives it again.'],
      ],
    },
  }
}

function serverErrorText({ replaysErrors }: Profile): string {
  return replaysErrors === 'all'
    ? 'Retry with the same key and body. Where the same answer comes back, it is the kept one: find out what was done before you take a new key.'
    : 'Retry with the same key and body.'
}
