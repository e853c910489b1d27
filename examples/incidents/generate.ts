// Writes the sources of the bundles again, the same ones: node scripts/run.mjs examples/incidents/generate.ts
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Files } from './generator/files.ts'
import { doubleCharges } from './generator/double-charges.ts'
import { fulfilment } from './generator/fulfilment.ts'
import { ordersTwice } from './generator/orders-twice.ts'
import { overnight } from './generator/overnight.ts'
import { registrations } from './generator/registrations.ts'
import { webhooks } from './generator/webhooks.ts'

/** The sources of each bundle, by its folder; `incident.yaml` is written by hand. */
export const bundles: Readonly<Record<string, () => Files>> = {
  fulfilment,
  overnight,
  'double-charges': doubleCharges,
  'orders-twice': ordersTwice,
  registrations,
  webhooks,
}

/** Writes the sources of all bundles below `folder`. What is there already with the same content is left as it is. */
export function generate(folder: string): void {
  for (const [bundle, sources] of Object.entries(bundles))
    for (const [name, text] of Object.entries(sources())) {
      const path = join(folder, bundle, name)
      // Another version of zlib packs the same text to other bytes.
      if (textAt(path) === text) continue
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, path.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text)
    }
}

/** The text of a file, unpacked; undefined where there is none. */
export function textAt(path: string): string | undefined {
  try {
    const bytes = readFileSync(path)
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  } catch {
    return undefined
  }
}

if (import.meta.main) generate(import.meta.dirname)
