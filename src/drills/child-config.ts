import { configVariable } from './children.ts'

/** Inside a child: its configuration. A child ends with its drill: the channel closes, whatever else goes on. */
export function childConfig<Config>(): Config {
  process.on('disconnect', () => process.exit(0))
  const text = process.env[configVariable]
  if (text === undefined || process.send === undefined) {
    process.stderr.write('This file is a part of a drill and is started by it.\n')
    process.exit(2)
  }
  return JSON.parse(text) as Config
}

/** Tells the drill. A channel that cannot be written to means that the drill is gone. */
export function tellDrill(message: { readonly kind: string }): void {
  if (process.connected) process.send?.(message)
}
