// The process of one contender: measures the cells its parent names, and ends with it.
import type { Cell, ContenderName } from './cells.ts'
import type { Contender, Setting } from './contenders/contender.ts'
import { makeContender } from './contenders/index.ts'
import type { Measurement, Window } from './load.ts'

export type Request =
  | { readonly kind: 'make'; readonly name: ContenderName; readonly setting: Setting }
  | {
      readonly kind: 'measure'
      readonly cell: Cell
      readonly window: Window & { readonly poolSize?: number }
    }
  | { readonly kind: 'close' }

export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly message: string }

let contender: Contender | undefined

async function answer(request: Request): Promise<Answer> {
  switch (request.kind) {
    case 'make':
      contender = await makeContender(request.name, request.setting)
      return { kind: 'done' }
    case 'measure':
      if (contender === undefined) throw new Error('no contender has been made')
      return { kind: 'measured', measurement: await contender.measure(request.cell, request.window) }
    case 'close':
      await contender?.close()
      return { kind: 'done' }
  }
}

process.on('message', (request: Request) => {
  answer(request)
    .catch(
      (error: unknown): Answer => ({
        kind: 'failed',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    .then((reply) => {
      process.send?.(reply, () => {
        if (request.kind === 'close') process.exit(0)
      })
    })
    .catch(() => process.exit(1))
})
process.on('disconnect', () => process.exit(0))
// The parent decides when: Ctrl-C in a terminal reaches both.
process.on('SIGINT', () => undefined)
