import { at, type Cells, csv, numbersFrom } from './bundle.ts'
import type { Story } from './story.ts'
import { log } from './stories-of-causes.ts'

/** Of losses: acknowledged before a crash, turned away, too old, behind a poison message. */
export const lossCauses: readonly Story[] = [
  lost('acknowledged, then the worker died', {
    row: (isLost) => ({ status: 200, attempt: isLost ? 2 : 1 }),
    files: (seconds) => ({
      'pods.csv': {
        kind: 'processes',
        text: csv(
          seconds.map((second) => ({
            at: at(second + 10),
            name: 'worker',
            kind: 'crash',
            reason: 'exit code 137',
          })),
        ),
      },
    }),
    yes: ['loss.acknowledged', 'loss.crash-beside'],
    no: ['loss.refused', 'loss.total', 'loss.undelivered'],
  }),
  lost('turned away as duplicates', {
    row: () => ({ status: 200 }),
    files: (seconds) => ({
      'app.jsonl': log(
        seconds.map(
          (second) => [second + 1, 'INFO', `already processed, ignored order o-${second / 300}`] as const,
        ),
      ),
    }),
    yes: ['loss.logged-duplicate', 'loss.acknowledged'],
    no: ['loss.server-errors'],
  }),
  lost('one type is ignored', {
    row: (isLost) => ({ status: 200, event_type: isLost ? 'refund.created' : 'order.created' }),
    yes: ['loss.by-type'],
  }),
  lost('the receiver is slow, and its queue grows', {
    row: (isLost) => ({ status: isLost ? 'timeout' : 200, duration_ms: isLost ? 5000 : 300 }),
    files: () => ({
      'metrics.csv': {
        kind: 'metrics',
        text: csv(
          Array.from({ length: 60 }, (_, index) => ({
            at: at(index * 300),
            name: 'outbox_queue_length',
            value: index * 20,
          })),
        ),
      },
    }),
    yes: ['receiver.slow', 'queue.backlog-grows'],
    no: ['loss.acknowledged'],
  }),
  lost('answered 5xx', {
    row: (isLost) => ({ status: isLost ? 503 : 200 }),
    yes: ['loss.server-errors', 'loss.undelivered'],
    no: ['loss.refused'],
  }),
]

interface Lost {
  readonly row: (isLost: boolean) => Cells
  readonly files?: (
    lostAt: readonly number[],
  ) => Readonly<Record<string, { readonly kind: string; readonly text: string }>>
  readonly yes: readonly string[]
  readonly no?: readonly string[]
}

export function lost(name: string, { row, files = () => ({}), yes, no = [] }: Lost): Story {
  const random = numbersFrom(name.length)
  const all = Array.from({ length: 72 }, (_, index) => ({ index, isLost: random() < 0.3 }))
  const sent = all.map(({ index, isLost }) => ({
    order_ref: `o-${index}`,
    at: at(index * 300),
    ...row(isLost),
  }))
  const others = Object.entries(files(all.filter(({ isLost }) => isLost).map(({ index }) => index * 300)))
  return {
    name,
    bundle: {
      sources: [
        { id: 'sent', kind: 'deliveries', path: 'sent.csv' },
        { id: 'done', kind: 'effects', path: 'done.csv' },
        ...others.map(([path, { kind }]) => ({ id: path.replace(/\..*/, ''), kind, path })),
      ],
      files: {
        'sent.csv': csv(sent),
        'done.csv': csv(
          all.flatMap(({ index, isLost }) =>
            isLost ? [] : [{ order_ref: `o-${index}`, charge_id: `c-${index}`, at: at(index * 300 + 2) }],
          ),
        ),
        ...Object.fromEntries(others.map(([path, { text }]) => [path, text])),
      },
    },
    yes: ['loss.present', ...yes],
    no: ['dup.present', ...no],
    unknown: [],
  }
}
