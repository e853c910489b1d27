import { expect, it } from 'vitest'
import { manifest, readText } from '../support/repo.ts'

interface LockEntry {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly peer?: boolean
}

const allowed = new Set(['MIT', 'MIT-0', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'ISC'])

it('whatever a plain installation brings is under a permissive licence', () => {
  const lock: { packages: Record<string, LockEntry> } = JSON.parse(readText('package-lock.json'))
  const published = Object.entries(lock.packages)
    .filter(([place, entry]) => place !== '' && !entry.dev && !entry.devOptional && !entry.peer)
    .map(([place]) => place)
  for (const name of Object.keys(manifest.dependencies)) expect(published).toContain(`node_modules/${name}`)
  const refused = published.map((place) => `${place}: ${licenceOf(place)}`).filter((line) => !isAllowed(line))
  expect(refused).toEqual([])
})

function licenceOf(place: string): string {
  const { license }: { license?: unknown } = JSON.parse(readText(`${place}/package.json`))
  return typeof license === 'string' ? license : `not stated (${JSON.stringify(license)})`
}

/** `(MIT OR GPL-3.0)` is fine, because we choose; `MIT AND GPL-3.0` is not. */
function isAllowed(line: string): boolean {
  const expression = line.slice(line.indexOf(': ') + 2).replaceAll(/[()]/g, '')
  return expression
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => allowed.has(one.trim())))
}
