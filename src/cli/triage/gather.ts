import { optionInvalid } from '../../kernel/errors.ts'
import { parseInstant } from '../../reconcile/values/instant.ts'
import { exitCodes } from '../exit.ts'
import { note, say, writeJson } from '../output.ts'
import { untilEnded } from '../until-ended.ts'

/** What makes a bundle, in place of reading one. */
export interface GatherOptions {
  readonly init?: string
  readonly connect: readonly string[]
  readonly from?: string
  readonly to?: string
}

const limitMs = 10 * 60_000
const usualMs = 6 * 3_600_000

/** `--init DIR`: writes incident.yaml from what lies there. */
export async function init(directory: string, json: boolean): Promise<number> {
  const { initBundle } = await import('../../incidents/index.ts')
  const made = await initBundle(directory)
  await told(made, json)
  return exitCodes.done
}

/** `DIR --connect …`: collects what live systems hold into DIR, and writes incident.yaml beside it. */
export function gather(
  directory: string,
  { connect, from, to }: GatherOptions,
  { json, scope }: { json: boolean; scope: string },
): Promise<number> {
  return untilEnded({ name: 'triage', json, limitMs }, async ({ signal }) => {
    const { collectBundle, parseConnection } = await import('../../incidents/index.ts')
    const connections = connect.map(parseConnection)
    const toMs = to === undefined ? Date.now() : instant(to, '--to')
    const fromMs = from === undefined ? toMs - usualMs : instant(from, '--from')
    if (fromMs >= toMs) throw optionInvalid('--from', 'a time before --to', from)
    const print = (query: string): void => void note(query)
    const made = await collectBundle(directory, connections, {
      window: { fromMs, toMs },
      print,
      signal,
      scope,
    })
    return {
      exitCode: exitCodes.done,
      document: { bundle: made.path, sources: made.sources },
      text: textOf(made),
    }
  })
}

function instant(text: string, name: string): number {
  const read = parseInstant(text, 'iso')
  if (read === undefined || !read.hasZone)
    throw optionInvalid(name, 'a time with its zone such as 2026-06-03T02:14:00Z', text)
  return read.ms
}

interface Made {
  readonly path: string
  readonly sources: number
  readonly left: readonly string[]
}

function textOf({ path, sources, left }: Made): string {
  const rest =
    left.length === 0
      ? ''
      : ` ${left.length} files seem to be nothing that triage reads: ${left.slice(0, 10).join(', ')}.`
  return `Wrote ${path} with ${sources} ${sources === 1 ? 'source' : 'sources'}.${rest}\nLook at its columns and its window, then: onceward triage ${path.replace(/\/?incident\.yaml$/, '') || '.'}`
}

async function told(made: Made, json: boolean): Promise<void> {
  if (json) await writeJson({ bundle: made.path, sources: made.sources, left: made.left })
  else await say(textOf(made))
}
