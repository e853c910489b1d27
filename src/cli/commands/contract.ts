import type { Command } from 'commander'
import { optionInvalid } from '../../kernel/errors.ts'
import { baseCommand, jsonOption, setAction } from '../command.ts'
import { type ContractCommandOptions, contractOptions, parseTime } from '../contract/options.ts'
import { writeText } from '../contract/files.ts'
import { publish } from '../contract/publish.ts'
import { contractText } from '../contract/text.ts'
import { exitCodes } from '../exit.ts'
import { untilEnded } from '../until-ended.ts'

const defaultLimitMs = 10 * 60_000

/** For options that may be given several times. */
function gathered(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

export function contractCommand(): Command {
  const command = baseCommand('contract', 'test whether a live API, in any language, is safe to retry')
    .usage('--url URL [options] | --openapi FILE | --init FILE | --policy FILE')
    .option('--url <url>', 'the operation under test; it is called for real, with keys of its own')
    .option('--method <method>', 'its method (default: POST)')
    .option('--body <file>', 'its body, or - for standard input; {{uuid}} and {{n}} are new in each payload')
    .option(
      '--unique <pointer>',
      'a text of the body to make unique: /reference (several times)',
      gathered,
      [],
    )
    .option('--header <name:value>', 'sent with every request (several times)', gathered, [])
    .option('--openapi <file>', 'an OpenAPI document: gives the body, and is held to publish the key')
    .option('--profile <name>', 'whose rules: ietf-07-strict, stripe-v1, acp, … (default: ietf-07-lenient)')
    .option('--key-header <name>', 'where the key header has another name than in the profile')
    .option('--count-url <url>', 'counts effects: a URL that lists or counts them; may hold {{uuid}}')
    .option('--count-path <jsonpath>', 'what to count in its answer (default: $)')
    .option('--count-webhook <host:port>', 'counts effects: listens for the webhooks that they send')
    .option('--other-path <path>', 'another path that takes the body')
    .option(
      '--other-caller <name:value>',
      'a header that makes it another caller (several times)',
      gathered,
      [],
    )
    .option('--error-body <file>', 'a body that is refused')
    .option('--restart <command>', 'restarts the service')
    .option(
      '--compare-header <name>',
      'that replays repeat (several times; default: content-type, location)',
      gathered,
      [],
    )
    .option('--timeout <duration>', 'of one request (default: 10s)')
    .option('--settle <duration>', 'how long a late effect is waited for (default: 250ms)')
    .option('--patience <duration>', 'how long a key may be in flight after a cut (default: 10s)')
    .option('--limit <duration>', 'of the whole run (default: 10m)')
    .option('--junit <file>', 'write the report as JUnit XML, too')
    .option('--init <file>', 'instead: add the key, its answers and its expiry to this OpenAPI document')
    .option('--policy <file>', 'instead: write the page for partners, as .md or .html')
    .option(
      '--config <file>',
      "with --init and --policy: the gateway's configuration, which says what the service does",
    )
    .addOption(jsonOption())
  return setAction<ContractCommandOptions>(command, async ({ globals, options }) => {
    const { init, policy, config } = options
    if (init !== undefined || policy !== undefined) return publish(options, globals.json)
    if (config !== undefined) throw optionInvalid('--config', 'given with --init or --policy', config)
    return test(options, globals.json)
  })
}

async function test(typed: ContractCommandOptions, json: boolean): Promise<number> {
  // Loaded here, so that the other commands do not load what only this one needs.
  const { junit, runContract } = await import('../../contract/index.ts')
  const options = await contractOptions(typed)
  const limitMs = parseTime(typed.limit, '--limit', 1) ?? defaultLimitMs
  return untilEnded({ name: 'contract', json, limitMs }, async ({ signal, line }) => {
    const report = await runContract({
      ...options,
      signal,
      onProgress: ({ id, done, of }) => line.show(`${done} of ${of} checks, now ${id}`),
    })
    if (typed.junit !== undefined) await writeText(typed.junit, junit(report), '--junit')
    return {
      exitCode: report.verdict === 'conforms' ? exitCodes.done : exitCodes.found,
      document: report,
      text: contractText(report, process.stderr),
    }
  })
}
