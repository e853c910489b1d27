import type { Random } from './random.ts'

/** `http.timeout_ms` 5000 as YAML, properties, or variables of an environment. */
export function configText(
  settings: Readonly<Record<string, number | string>>,
  random: Random,
): { ending: string; text: string } {
  const entries = Object.entries(settings)
  const lines = (line: (name: string, value: number | string) => string): string =>
    `${entries.map(([name, value]) => line(name, value)).join('\n')}\n`
  return random.pick([
    { ending: 'yaml', text: lines((name, value) => `${name.replaceAll('.', '_')}: ${value}`) },
    { ending: 'properties', text: lines((name, value) => `${name}=${value}`) },
    {
      ending: 'env',
      text: lines((name, value) => `${name.replaceAll('.', '_').toUpperCase()}=${value}`),
    },
  ])
}
