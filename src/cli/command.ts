import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { OncewardError } from '../kernel/errors.ts'

/** What every command knows beside its own options. */
export interface Globals {
  readonly store: string
  readonly scope: string
  readonly json: boolean
}

export interface Invocation<Options> {
  readonly globals: Globals
  readonly given: GivenGlobals
  readonly options: Options
  readonly args: readonly string[]
}

export const defaultStore = 'sqlite:./onceward.db'

export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** A command with `--help`, `--version` and the options that all have. */
export function baseCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .version(packageVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError })
}

/** One voice for all errors. */
export function outputError(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: /, 'onceward: '))
}

/** A command that works on a store. */
export function storeCommand(name: string, description: string): Command {
  return withGlobals(baseCommand(name, description))
}

/** The options that may stand before or after a command's name; the nearer one wins. */
export function withGlobals(command: Command): Command {
  return command.addOption(storeOption()).addOption(scopeOption()).addOption(jsonOption())
}

export function storeOption(otherwise = `ONCEWARD_STORE, else ${defaultStore}`): Option {
  return new Option('--store <url>', `sqlite:./file.db, postgres://… or memory: (default: ${otherwise})`)
}

function scopeOption(): Option {
  return new Option(
    '--scope <name>',
    'separates applications on one store (default: ONCEWARD_SCOPE, else default)',
  )
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document on standard output and nothing else there')
}

/** Gives `command` its work; what it resolves with becomes the exit code. */
export function setAction<Options>(
  command: Command,
  work: (invocation: Invocation<Options>) => Promise<number>,
): Command {
  // Counted here, because commander says how many arguments are too many but not which.
  command.allowExcessArguments(true)
  return command.action(async () => {
    refuseExcess(command)
    const options = command.opts<Options & GivenGlobals>()
    const given = givenGlobals(command)
    process.exitCode = await work({ globals: globalsOf(given), given, options, args: command.args })
  })
}

function refuseExcess(command: Command): void {
  const expected = command.registeredArguments
  if (expected.some((argument) => argument.variadic)) return
  const excess = command.args[expected.length]
  if (excess === undefined) return
  const message = `Unexpected argument ${JSON.stringify(excess)}; see onceward ${pathOf(command)} --help.`
  throw new OncewardError('OPTION_INVALID', message)
}

function pathOf(command: Command): string {
  const outer = command.parent?.parent ?? null
  return outer === null || command.parent === null
    ? command.name()
    : `${pathOf(command.parent)} ${command.name()}`
}

/** What was typed, before any variable or default stands in. */
export interface GivenGlobals {
  readonly store?: string
  readonly scope?: string
  readonly json?: boolean
}

function globalsOf(given: GivenGlobals): Globals {
  // An empty variable is an unset one, as in most shells' scripts; an empty option is a mistake and stays.
  const store = given.store ?? (process.env['ONCEWARD_STORE'] || undefined)
  const scope = given.scope ?? (process.env['ONCEWARD_SCOPE'] || 'default')
  return {
    store: store ?? defaultStore,
    scope,
    json: given.json === true,
  }
}

function givenGlobals(command: Command): GivenGlobals {
  const outer = command.parent === null ? {} : givenGlobals(command.parent)
  return { ...outer, ...command.opts<GivenGlobals>() }
}
