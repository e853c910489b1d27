import { Command } from 'commander'
import { outputError, packageVersion, withGlobals } from './command.ts'
import { auditCommand } from './commands/audit.ts'
import { auditTrailCommand } from './commands/audit-trail.ts'
import { contractCommand } from './commands/contract.ts'
import { demoCommand } from './commands/demo.ts'
import { drillCommand } from './commands/drill.ts'
import { doctorCommand } from './commands/doctor.ts'
import { doubtCommand } from './commands/doubt.ts'
import { gatewayCommand } from './commands/gateway.ts'
import { lsCommand } from './commands/ls.ts'
import { reconcileCommand } from './commands/reconcile.ts'
import { runCommand } from './commands/run.ts'
import { serveCommand } from './commands/serve.ts'
import { showCommand } from './commands/show.ts'
import { simulateCommand } from './commands/simulate.ts'
import { sweepCommand } from './commands/sweep.ts'
import { tokenCommand } from './commands/token.ts'
import { postmortemCommand } from './commands/postmortem.ts'
import { triageCommand } from './commands/triage.ts'

export const exitCodeText = `Exit codes:
  0  done; nothing found
  1  failed, or found what it looked for
  2  bad usage or input
  3  in doubt: it may have happened, and nobody knows
  4  the store is not available
  (run gives the exit code of the command it ran; a line on standard error tells Onceward's own apart)`

/** The whole command line. Nothing is read, opened or printed until it parses arguments. */
export function createProgram(): Command {
  const program = withGlobals(new Command('onceward'))
  return program
    .description('Retried work happens once.')
    .usage('[options] COMMAND')
    .helpOption('-h, --help', 'print this help')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', `\n${exitCodeText}`)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError })
    .addCommand(runCommand())
    .addCommand(lsCommand())
    .addCommand(showCommand())
    .addCommand(doubtCommand())
    .addCommand(sweepCommand())
    .addCommand(gatewayCommand())
    .addCommand(serveCommand())
    .addCommand(tokenCommand())
    .addCommand(auditTrailCommand())
    .addCommand(doctorCommand())
    .addCommand(drillCommand())
    .addCommand(demoCommand())
    .addCommand(simulateCommand())
    .addCommand(contractCommand())
    .addCommand(auditCommand())
    .addCommand(reconcileCommand())
    .addCommand(triageCommand())
    .addCommand(postmortemCommand())
}
