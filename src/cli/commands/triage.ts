import type { Command } from 'commander'
import { OncewardError } from '../../kernel/errors.ts'
import { progressLine } from '../audit/progress.ts'
import { writeText } from '../contract/files.ts'
import { baseCommand, jsonOption, setAction } from '../command.ts'
import { type GatherOptions, gather, init } from '../triage/gather.ts'
import { exitCodes } from '../exit.ts'
import { write } from '../output.ts'
import { untilEnded } from '../until-ended.ts'

interface TriageCommandOptions extends GatherOptions {
  readonly md?: string | true
  readonly html?: string
  readonly catalogue?: string
  readonly answer: readonly string[]
}

/** Reading a gigabyte takes half a minute; a slow disk may take longer. */
const limitMs = 60 * 60_000

function gathered(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

export function triageCommand(): Command {
  const command = baseCommand(
    'triage',
    'rank the causes of duplicates and losses by the evidence in a bundle',
  )
    .argument('[bundle]', 'a folder with incident.yaml and the sources that it names')
    .usage('BUNDLE [options]')
    .option('--md [file]', 'write the report as Markdown to a file, or to standard output')
    .option('--html <file>', 'write the report as one HTML file')
    .option(
      '--answer <step=answer>',
      'what a step of the plan gave: STEP=yes or STEP=no (several times)',
      gathered,
      [],
    )
    .option('--catalogue <folder>', 'causes, mitigations and fixes of your own, as YAML or JSON, beside ours')
    .option('--init <folder>', 'instead: write a commented incident.yaml from what lies in a folder')
    .option(
      '--connect <source>',
      'instead: collect a bundle into BUNDLE from postgres://…, prometheus=URL or ledger=URL, read-only (several times)',
      gathered,
      [],
    )
    .option('--from <time>', 'with --connect: where its window begins (default: six hours before --to)')
    .option('--to <time>', 'with --connect: where it ends (default: now)')
    .addOption(jsonOption())
  return setAction<TriageCommandOptions>(command, async ({ globals, options, args }) => {
    if (options.init !== undefined) return init(options.init, globals.json)
    const { bundle, md } = bundleOf(args, options.md)
    if (globals.json && md === true)
      throw new OncewardError(
        'OPTION_INVALID',
        '--json and --md without a file both want standard output; give --md a file.',
      )
    if (options.connect.length > 0) return gather(bundle, options, globals)
    return run({ ...options, bundle, md, json: globals.json })
  })
}

interface Asked extends Omit<TriageCommandOptions, 'md' | keyof GatherOptions> {
  readonly bundle: string
  readonly md: string | true | undefined
  readonly json: boolean
}

/** `--md BUNDLE` reads as a file to write; with nothing else given it is the bundle, and the report goes out. */
function bundleOf(
  args: readonly string[],
  md: string | true | undefined,
): { readonly bundle: string; readonly md: string | true | undefined } {
  const [bundle] = args
  if (bundle !== undefined) return { bundle, md }
  if (typeof md === 'string') return { bundle: md, md: true }
  throw new OncewardError(
    'OPTION_INVALID',
    'triage needs a BUNDLE: a folder with incident.yaml; see onceward triage --help.',
  )
}

async function run({ bundle, md, html, catalogue: folder, answer, json }: Asked): Promise<number> {
  // Loaded here, so that the other commands do not load what only this one needs.
  const incidents = await import('../../incidents/index.ts')
  const catalogue =
    folder === undefined
      ? incidents.builtInCatalogue()
      : incidents.catalogueWith(await incidents.readCatalogueFolder(folder))
  return untilEnded({ name: 'triage', json, limitMs }, async ({ signal, line }) => {
    const progress = progressLine(line)
    const examination = await incidents
      .examineBundle(bundle, { signal, onProgress: progress.onProgress })
      .finally(progress.close)
    const document = incidents.triage(examination, { catalogue, answers: answer })
    const report = incidents.compose(document)
    if (html !== undefined) await writeText(html, incidents.renderHtml(report), '--html')
    if (typeof md === 'string') await writeText(md, incidents.renderMarkdown(report), '--md')
    if (md === true) await write(process.stdout, incidents.renderMarkdown(report))
    const text = incidents.renderTerminal(report, { colours: hasColours() })
    return { exitCode: exitCodes.done, document, text: text.trimEnd() }
  })
}

function hasColours(): boolean {
  return process.stderr.isTTY && process.stderr.hasColors()
}
