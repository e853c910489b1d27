import type { InitResult, Policy } from '../../contract/index.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { exitCodes } from '../exit.ts'
import { say, writeJson } from '../output.ts'
import { readText, writeText } from './files.ts'
import type { ContractCommandOptions } from './options.ts'

/** Loaded late, as in the command. */
const load = () => import('../../contract/index.ts')

type Typed = Pick<ContractCommandOptions, 'url' | 'init' | 'policy' | 'config' | 'profile'>

/** `--init` and `--policy`: nothing is sent, files are written. */
export async function publish(typed: Typed, json: boolean): Promise<number> {
  if (typed.url !== undefined) throw optionInvalid('--url', 'left out beside --init and --policy', typed.url)
  const policy = await policyOf(typed)
  const init = typed.init === undefined ? undefined : await initialised(typed.init, policy)
  const page = typed.policy === undefined ? undefined : await written(typed.policy, policy)
  if (json) await writeJson({ ...(init && { init }), ...(page && { policy: page }) })
  return exitCodes.done
}

async function policyOf({ config, profile }: Typed): Promise<Policy> {
  const { defaultPolicy, readPolicy } = await import('./policy.ts')
  if (config === undefined) return defaultPolicy(profile)
  if (profile !== undefined)
    throw optionInvalid('--profile', 'left out beside --config, which says it', profile)
  return readPolicy(await readText(config, '--config'))
}

async function initialised(
  path: string,
  policy: Policy,
): Promise<{ file: string; added: InitResult['added'] }> {
  const { initOpenApi } = await load()
  const { text, added } = initOpenApi({ name: path, text: await readText(path, '--init') }, policy)
  if (added.length > 0) await writeText(path, text, '--init')
  const lines = added.map(({ operation, what }) => `${path}: ${operation}: added ${what.join(', ')}`)
  await say(lines.length === 0 ? `${path}: nothing was missing` : lines.join('\n'))
  return { file: path, added }
}

async function written(path: string, policy: Policy): Promise<{ file: string }> {
  const { html, markdown, policyPage } = await load()
  const isHtml = /\.html?$/i.test(path)
  if (!isHtml && !/\.(md|markdown)$/i.test(path))
    throw optionInvalid('--policy', 'a file that ends in .md or .html', path)
  const page = policyPage(policy)
  await writeText(path, isHtml ? html(page) : markdown(page), '--policy')
  await say(`${path}: written`)
  return { file: path }
}
