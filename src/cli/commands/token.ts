import type { Command } from 'commander'
import { systemRuntime } from '../../system.ts'
import type { AuditTrail, Role, Tokens } from '../../server/index.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { baseCommand, type Globals, setAction, storeCommand, withGlobals } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { say, writeJson } from '../output.ts'
import { tokensTable } from '../server/text.ts'

export function tokenCommand(): Command {
  return withGlobals(baseCommand('token', 'who may use the server: make, list and revoke tokens'))
    .enablePositionalOptions()
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
}

interface Parts {
  readonly tokens: Tokens
  readonly trail: AuditTrail
}

/** Whoever can reach the store may make tokens: the command line is trusted as the store's owner. */
const commandLine = { id: 'command-line', name: 'command line', role: 'admin' } as const

async function withTokens<T>(globals: Globals, work: (parts: Parts) => Promise<T>): Promise<T> {
  const server = await import('../../server/index.ts')
  const store = await openStoreFromUrl(globals.store)
  try {
    await store.open()
    const { records } = store
    return await work({
      tokens: new server.Tokens(records, systemRuntime),
      trail: new server.AuditTrail(records, systemRuntime),
    })
  } finally {
    await store.close()
  }
}

interface CreateOptions {
  readonly role: Role
  readonly name: string
}

function createCommand(): Command {
  const command = storeCommand('create', 'make a token; it is shown this once (limited to --scope, if given)')
    .requiredOption('--role <role>', 'viewer, operator or admin')
    .requiredOption('--name <name>', 'who or what it is for; the audit trail shows it')
  return setAction<CreateOptions>(command, ({ globals, given, options }) =>
    withTokens(globals, async ({ tokens, trail }) => {
      const scopes = given.scope === undefined ? undefined : [given.scope]
      const made = await tokens.create({ ...options, scopes }, commandLine.name)
      const after = { name: options.name, role: options.role, scopes }
      await trail.append({ who: commandLine, what: 'token.create', about: made.id, after })
      if (globals.json) await writeJson(made)
      else await say(`${made.token}\nShown this once. Send it as: Authorization: Bearer …`)
      return exitCodes.done
    }),
  )
}

function listCommand(): Command {
  const command = storeCommand('list', 'list the tokens, revoked ones too; never the tokens themselves')
  return setAction(command, ({ globals }) =>
    withTokens(globals, async ({ tokens }) => {
      const found = await tokens.list()
      if (globals.json) await writeJson({ tokens: found })
      else await say(found.length === 0 ? 'There is no token.' : tokensTable(found))
      return exitCodes.done
    }),
  )
}

function revokeCommand(): Command {
  const command = storeCommand('revoke', 'end a token and its sessions, within a second').argument(
    '<id>',
    'the id that list shows',
  )
  return setAction(command, ({ globals, args: [id = ''] }) =>
    withTokens(globals, async ({ tokens, trail }) => {
      const token = await tokens.revoke(id)
      await trail.append({ who: commandLine, what: 'token.revoke', about: id, before: { name: token.name } })
      if (globals.json) await writeJson(token)
      else await say(`Revoked ${id} (${token.name}).`)
      return exitCodes.done
    }),
  )
}
