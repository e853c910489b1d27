import type { Command } from 'commander'
import type { PostMortem, Revision } from '../../incidents/index.ts'
import { OncewardError } from '../../kernel/errors.ts'
import { progressLine } from '../audit/progress.ts'
import { baseCommand, jsonOption, setAction } from '../command.ts'
import { readBytes, readText, writeText } from '../contract/files.ts'
import { exitCodes } from '../exit.ts'
import { printable } from '../table.ts'
import { untilEnded } from '../until-ended.ts'

interface PostMortemCommandOptions {
  readonly out?: string
  readonly md?: string
  readonly fromTriage?: boolean
  readonly timeline: readonly string[]
  readonly diff?: string
}

const limitMs = 60 * 60_000

export function postmortemCommand(): Command {
  const command = baseCommand(
    'postmortem',
    'the record of an incident, from a bundle: one HTML file that is archived',
  )
    .argument('<bundle>', 'a folder with incident.yaml and the sources that it names')
    .usage('BUNDLE -o FILE.html [options]')
    .option('-o, --out <file>', 'the HTML file: no network, no script, prints to paper')
    .option('--md <file>', 'the same as Markdown')
    .option(
      '--from-triage',
      'fill in what triage knows: severity, ranked causes, proposed fixes, what is missing',
    )
    .option(
      '--timeline <file>',
      'a time line of another tool: a Slack export and its users.json, a PagerDuty-like log, or a CSV with at and text (several times)',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--diff <file>', 'say what has changed since an earlier --json of it')
    .addOption(jsonOption())
  return setAction<PostMortemCommandOptions>(command, ({ globals, options, args }) =>
    run(args[0] ?? '', options, globals.json),
  )
}

async function run(bundle: string, options: PostMortemCommandOptions, json: boolean): Promise<number> {
  const { out, md, diff, timeline, fromTriage = false } = options
  if (out === undefined && md === undefined && diff === undefined && !json)
    throw new OncewardError(
      'OPTION_INVALID',
      'postmortem needs somewhere to write to: -o FILE.html, --md FILE, --json or --diff FILE.',
    )
  // Loaded here, so that the other commands do not load what only this one needs.
  const incidents = await import('../../incidents/index.ts')
  const timelines = await Promise.all(
    timeline.map(async (path) => ({ name: path, bytes: await readBytes(path, '--timeline') })),
  )
  const before =
    diff === undefined ? undefined : incidents.readPostMortem(await readText(diff, '--diff'), diff)
  return untilEnded({ name: 'postmortem', json, limitMs }, async ({ signal, line }) => {
    const progress = progressLine(line)
    const asked = { signal, onProgress: progress.onProgress, fromTriage, timelines }
    const document = await incidents.writePostMortem(bundle, asked).finally(progress.close)
    if (out !== undefined) await writeText(out, incidents.postMortemHtml(document), '--out')
    if (md !== undefined) await writeText(md, incidents.postMortemMarkdown(document), '--md')
    const revisions = before === undefined ? undefined : incidents.revisionsOf(before, document)
    const written = [out, md].flatMap((path) => (path === undefined ? [] : [`written to ${path}`]))
    return {
      exitCode: exitCodes.done,
      document: revisions === undefined ? document : { ...document, revisions },
      text: [...written, ...remarks(document), ...changes(revisions)].map(printable).join('\n'),
    }
  })
}

function remarks({ lint }: PostMortem): readonly string[] {
  return lint.map(({ place, text, why, suggestion }) => `${place}: "${text}" ${why}. ${suggestion}`)
}

function changes(revisions: readonly Revision[] | undefined): readonly string[] {
  if (revisions?.length === 0) return ['nothing has changed']
  return (revisions ?? []).map(({ section, change, what }) => `${section}: ${change}: ${what}`)
}
