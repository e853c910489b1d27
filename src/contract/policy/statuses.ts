import type { OutcomeClass } from '../../http/profiles.ts'

const lowest = 200
const highest = 599

/**
 * The statuses of one class, as short as people write them: `429, 5xx`. `undefined` where there are none, `all` where
 * there are no others.
 */
export function statusesOf(
  classOf: (status: number) => OutcomeClass,
  wanted: OutcomeClass,
): string | undefined {
  const isWanted = (status: number): boolean => classOf(status) === wanted
  const hundreds = Array.from({ length: (highest + 1 - lowest) / 100 }, (_, at) => lowest + at * 100)
  const said = hundreds.flatMap((from) => saidOf(from, isWanted))
  if (said.length === 0) return undefined
  return hundreds.every((from) => said.includes(`${from / 100}xx`)) ? 'all' : said.join(', ')
}

function saidOf(from: number, isWanted: (status: number) => boolean): string[] {
  const all = Array.from({ length: 100 }, (_, at) => from + at)
  const wanted = all.filter(isWanted)
  if (wanted.length === all.length) return [`${from / 100}xx`]
  // Nobody writes eighty statuses down.
  if (wanted.length > all.length / 2)
    return [`${from / 100}xx but ${all.filter((status) => !isWanted(status)).join(' and ')}`]
  return wanted.map(String)
}
