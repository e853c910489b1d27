import { optionInvalid } from '../../kernel/errors.ts'
import { isBelieved } from '../../gateway/config-caller.ts'
import { isLoopback } from '../../gateway/listen.ts'
import type { CallerConfig, GatewayConfig } from '../../gateway/index.ts'

/**
 * Where the name of a caller is believed as it comes, whoever reaches the gateway can read what others were answered:
 * then only this machine may reach it. Throws `OPTION_INVALID`.
 */
export function refuseOpenDoor(config: GatewayConfig): void {
  const { caller, listen } = config
  if (!isBelieved(caller) || isLoopback(config.listen)) return
  throw optionInvalid(
    'listen',
    'a loopback address, because caller is believed as it comes (put the authenticator on this machine in front of it)',
    `${listen.host}:${listen.port}`,
  )
}

/** What is said at the start: where, with which defaults, and what they cost. */
export function startText(url: string, config: GatewayConfig, store: string): string {
  const { profile, require, methods, guard } = config.otherwise
  const verb = require ? 'need a key' : 'may bring a key'
  const others = guard ? `${methods.join(', ')} ${verb}, profile ${profile}` : 'not guarded'
  const lines = [
    `gateway ${url} → ${config.upstream}, store ${store}`,
    `  routes: ${config.routes.length}; anything else: ${others}`,
    `  caller: ${callerText(config.caller)}`,
    ...(profile === 'stripe-v1'
      ? ['  keys are forgotten a day after their answer, and then run as new']
      : []),
    ...(isLoopback(config.listen)
      ? []
      : [
          '  warning: other machines reach this address; the gateway has no TLS and asks nobody who they are',
        ]),
  ]
  return lines.join('\n')
}

function callerText(caller: CallerConfig): string {
  switch (caller.kind) {
    case 'authorization':
      return 'digest of the header Authorization (none: one shared anonymous caller); a new token is a new caller'
    case 'anonymous':
      return 'all are one'
    case 'header':
      return `the header ${caller.header}, believed as it comes`
    case 'jwt':
      return `${caller.claim} of a token, ${caller.proof.kind === 'none' ? 'believed as it comes' : 'verified'}`
  }
}
