import type { ProfileName } from '../http/profiles.ts'
import type { Profile } from './profiles.ts'
import type { CheckId, Level } from './report.ts'

/** What a profile says about a check. */
export interface Rule {
  readonly level: Level
  /** Document and section. */
  readonly cite: string
  readonly expected: string
  /** Why the profile does not have this rule; the check is then skipped. */
  readonly without?: string
}

type Written = Omit<Rule, 'cite'> & { readonly section: string }
/** A rule of the draft, and what other profiles make of it. */
type Row = Written & { readonly but?: Partial<Record<ProfileName, Partial<Written>>> }

const once = 'one effect'
const noSwap = {
  level: 'SHOULD',
  section: '',
  expected: 'no second effect, and the first answer still replayed',
} as const
const bareOnly = 'the profile has bare keys only'

/**
 * The one table of levels, citations and expectations. Sections of the draft: 2.1 syntax, 2.2 uniqueness, 2.3 expiry, 2.4
 * fingerprint, 2.5 responsibilities, 2.6 enforcement, 2.7 errors, 5 security. `{status}` is replaced by what the profile answers. */
const rows: Readonly<Record<CheckId, Row>> = {
  'missing-key': {
    level: 'SHOULD',
    section: '§2.7',
    expected: '{missing} and no effect',
    but: {
      'stripe-v1': { without: 'a key is optional' },
      acp: { level: 'MUST', section: '' },
      'checkout.com': { without: 'a key is optional' },
      oasis: { without: 'a key is optional' },
    },
  },
  'malformed-key': {
    level: 'MUST',
    section: '§2.1',
    expected: '400 and no effect',
    but: {
      'stripe-v1': { level: 'SHOULD', section: '' },
      acp: { without: 'any text is a key' },
      'checkout.com': { without: 'any text is a key' },
      oasis: { level: 'SHOULD', section: '§4.1' },
    },
  },
  'first-accepted': { level: 'SHOULD', section: '§2.6', expected: `2xx and ${once}` },
  'replay-equal': {
    level: 'SHOULD',
    section: '§2.6',
    expected: `the same status, body and headers again, ${once}`,
  },
  'replay-many': { level: 'SHOULD', section: '§2.6', expected: `the same answer 20 times, ${once}` },
  'payload-swap': {
    level: 'SHOULD',
    section: '§2.7',
    expected: '{mismatch}, no second effect, and the first answer still replayed',
    but: { 'checkout.com': noSwap, oasis: noSwap, acp: { section: '' }, 'stripe-v1': { section: '' } },
  },
  'concurrent-same-key': {
    level: 'SHOULD',
    section: '§2.6, §2.7',
    expected: `of 2 and of 20 at once ${once}; each answer is the result or {inFlight}`,
  },
  'other-path': {
    level: 'SHOULD',
    section: '§2.2',
    expected: 'never the answer of the first path',
  },
  'other-caller': {
    level: 'SHOULD',
    section: '§5',
    expected: 'the second caller is treated as with a key of its own',
  },
  'reply-cut': {
    level: 'SHOULD',
    section: '§2.6',
    expected: `the retry after a lost reply ends in 2xx, ${once}`,
  },
  'request-cut': {
    level: 'SHOULD',
    section: '§2.6',
    expected: `the retry after half a request ends in 2xx, ${once}`,
  },
  'error-replay': {
    level: 'SHOULD',
    section: '§2.6',
    expected: 'the same error again',
    but: { 'checkout.com': { without: 'only 2xx answers are kept' } },
  },
  'replay-after-restart': {
    level: 'SHOULD',
    section: '§2.3, §2.6',
    expected: `the same answer after a restart, ${once}`,
  },
  'bare-key': {
    level: 'MAY',
    section: '§2.1 (lenient)',
    expected: 'a bare token is taken, and is the same key as in quotes',
    but: {
      'ietf-07-strict': { without: 'keys are quoted strings only (see malformed-key)' },
      'stripe-v1': { without: bareOnly },
      acp: { without: bareOnly },
      'checkout.com': { without: bareOnly },
      oasis: { without: bareOnly },
    },
  },
  'key-parameters': {
    level: 'MAY',
    section: '§2.1, RFC 8941 §3.3',
    expected: 'parameters after the key are ignored',
    but: {
      'stripe-v1': { without: bareOnly },
      acp: { without: bareOnly },
      'checkout.com': { without: bareOnly },
      oasis: { without: bareOnly },
    },
  },
  'problem-details': {
    level: 'MAY',
    section: '§2.7, RFC 9457',
    expected: 'refusals are problem+json, or link to documentation',
  },
  'expiry-published': {
    level: 'MUST',
    section: '§2.3, §2.5',
    expected: 'each POST and PATCH documents the key and how long it is kept',
    but: {
      acp: { section: '' },
      'stripe-v1': { section: '' },
      'checkout.com': { section: '' },
      oasis: { section: '' },
    },
  },
}

/** Sections are the draft's; a provider's own pages have none. */
export function ruleOf(profile: Profile, id: CheckId): Rule {
  const { but, ...base } = rows[id]
  const { section, without, ...rest } = { ...base, ...but?.[profile.name] }
  const isDraft = profile.name.startsWith('ietf-07')
  const own = but?.[profile.name]?.section
  const cited = isDraft ? section : (own ?? '')
  const short = isDraft ? 'draft-07' : profile.source
  return {
    ...rest,
    expected: without === undefined ? filled(rest.expected, profile) : 'nothing in this profile',
    cite: cited === '' ? short : `${short} ${cited}`,
    ...(without === undefined ? {} : { without }),
  }
}

function filled(text: string, { missing, mismatch, inFlight, needsRetryAfter }: Profile): string {
  return text
    .replace('{missing}', String(missing))
    .replace('{mismatch}', String(mismatch))
    .replace('{inFlight}', `${inFlight.join(' or ')}${needsRetryAfter ? ' with Retry-After' : ''}`)
}
