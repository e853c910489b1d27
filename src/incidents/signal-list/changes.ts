import type { SignalSpec } from './spec.ts'

const counted = [['effects', 'requests', 'deliveries', 'ledger', 'log', 'metrics']] as const
const changed = [...counted, ['changes']] as const

/** Of the onset and what had changed. `names` holds the changes meant, nearest first. */
export const changeSignals: readonly SignalSpec[] = [
  {
    id: 'onset.step',
    class: 'deterministic',
    needs: counted,
    yes: 'a change point: the rate rises from nearly none and stays for a third of what follows, or longer',
    no: 'counts are there and show no change point',
    numbers: ['before', 'after'],
  },
  {
    id: 'onset.burst',
    class: 'environment-dependent',
    needs: counted,
    yes: 'duplicates (or losses) come in one or a few bursts with nearly none outside of them',
    no: 'they go on through the window',
    numbers: ['bursts', 'share'],
  },
  {
    id: 'onset.from-first',
    class: 'deterministic',
    needs: counted,
    yes: 'there is no clean time: duplicates from the first covered event (of the subscription or service) on, at a steady share',
    no: 'there is a clean time before',
  },
  {
    id: 'onset.at-deploy',
    class: 'deterministic',
    needs: changed,
    yes: 'a deploy lies at most 60 min before the onset (numbers.gapMs), or first traffic of a new version does',
    no: 'changes cover the time before the onset and no deploy lies within 24 h before it',
    numbers: ['gapMs'],
  },
  {
    id: 'onset.at-flag',
    class: 'deterministic',
    needs: changed,
    yes: 'a flag or configuration change lies at most 60 min before the onset',
    no: 'changes cover the time before the onset and none lies within 24 h before it',
    numbers: ['gapMs'],
  },
  {
    id: 'change.keys',
    class: 'deterministic',
    needs: [['changes']],
    yes: 'a change before the onset (any time in the bundle) touches keys or idempotency by its diff or text, or the form of keys changes in the rows at one time',
    no: 'the form of keys is the same throughout and no change touches them',
  },
  {
    id: 'change.dedupe',
    class: 'deterministic',
    needs: [['changes']],
    yes: 'a change before the onset touches the dedupe check, its columns or its filter',
    no: 'none does',
  },
  {
    id: 'change.retries',
    class: 'deterministic',
    needs: [['changes', 'log']],
    yes: 'a change before the onset turns on or raises retries',
    no: 'none does',
  },
  {
    id: 'change.scaling',
    class: 'load-dependent',
    needs: [['changes', 'processes', 'log', 'metrics']],
    yes: 'workers, tasks or concurrency were raised within 24 h before the onset',
    no: 'they were not',
    numbers: ['before', 'after'],
  },
  {
    id: 'change.sizes',
    class: 'environment-dependent',
    needs: [['changes']],
    yes: 'a change before the onset lowers a buffer, message or body limit, or raises batch sizes',
    no: 'none does',
  },
  {
    id: 'change.pair-related',
    class: 'deterministic',
    needs: [['changes']],
    yes: 'two related changes (one subject by their words) were made within seven days of each other before the onset',
    no: 'none were',
    numbers: ['gapMs'],
  },
  {
    id: 'change.edge',
    class: 'environment-dependent',
    needs: [['changes']],
    yes: 'a secret, certificate, allow-list, firewall, proxy or endpoint URL changed before the onset of losses',
    no: 'none did',
  },
]
