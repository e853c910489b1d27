import type { Case, CaseSource, Change, Row, SourceKind } from './case.ts'
import { type Domain, domains } from './domain.ts'
import { type Random, randomOf } from './random.ts'
import {
  deliveryRow,
  effectRow,
  type Intent,
  ledgerRow,
  type Over,
  requestRow,
  type Setting,
  type TrafficOptions,
  trafficOf,
  type Worker,
} from './traffic.ts'
import { vocabularyOf } from './vocabulary.ts'
import { configText } from './config-text.ts'

export interface SourceDraft {
  readonly kind: SourceKind
  /** In words: `charges`, `access`. */
  readonly name: string
  readonly rows: readonly Row[]
  /** Without it nobody could tell the cause. Others are left out by the seed. */
  readonly isEssential?: boolean
  /** Columns that some exports have and some have not; each is dropped by the seed. */
  readonly optional?: readonly string[]
  /** Default: drawn. `text` is for logs alone. */
  readonly format?: CaseSource['format']
}

export interface EffectsOptions {
  /** Default: the effects of the domain. */
  readonly name?: string
  readonly keep?: readonly string[]
  /** Columns of the generator's own that may be dropped as well. */
  readonly drop?: readonly string[]
}

const oftenMissing = ['worker', 'host', 'version', 'bytes', 'payload']

/** A line of a log; what is no `level` and no `message` is written behind it as `name=value`, or in columns. */
export type Line = Row & { readonly level: string; readonly message: string }

/**
 * What a generator works in: names, ordinary traffic, and a bundle that it fills. Everything follows from the cause, the
 * seed and the order of the calls. Times are milliseconds since 1970.
 */
export interface World {
  readonly random: Random
  readonly domain: Domain
  readonly fromMs: number
  readonly toMs: number
  /** When the trouble begins, where it has a beginning; decoys are put near it. */
  readonly onsetMs: number
  readonly workers: readonly Worker[]
  /** The version that runs when nothing is deployed. */
  readonly version: string
  /** A name of the vocabulary; without `n` of a new thing. */
  id(kind: string, n?: number): string
  traffic(options?: TrafficOptions): readonly Intent[]
  effect(intent: Intent, over?: Over): Row
  request(intent: Intent, over?: Over): Row
  delivery(intent: Intent, over?: Over): Row
  ledger(intent: Intent, over?: Over): Row
  /** Rows are put in order of time. */
  add(draft: SourceDraft): void
  /**
   * What was done, essential. Of worker, host, version, bytes and payload each is dropped by the seed, unless it is to be
   * kept because nobody could tell the cause without it.
   */
  addEffects(rows: readonly Row[], options?: EffectsOptions): void
  log(name: string, lines: readonly Line[], options?: { readonly isEssential?: boolean }): void
  /** A change that has to do with the trouble. */
  change(change: Change): void
  /** Somebody supplied a list of changes, though perhaps nothing is on it. */
  listChanges(): void
  alert(at: number, name: string, message: string): void
  /** A file of settings, in a format that the seed draws. Names as operators write them: `http.timeout_ms`. */
  config(name: string, settings: Readonly<Record<string, number | string>>, isEssential?: boolean): void
  code(name: string, ending: string, text: string): void
  /** Constants of the manifest. Half of the held-out cases lose them. */
  known(constants: Readonly<Record<string, number | readonly number[]>>): void
  /** When the trouble began, where it is not the time that the world drew. */
  onset(ms: number): void
  title(text: string): void
  summary(text: string): void
  finish(variant: string): Case
}

const hourMs = 3_600_000

export interface WorldOptions {
  readonly cause: string
  readonly seed: number
  readonly isOpaque: boolean
}

interface Draft {
  onsetMs: number
  title: string
  summary: string | undefined
  known: Readonly<Record<string, number | readonly number[]>>
  readonly sources: CaseSource[]
  readonly alerts: Row[]
  changes: Change[] | undefined
}

export function createWorld({ cause, seed, isOpaque }: WorldOptions): World {
  const random = randomOf(seed, cause)
  const setting = settingOf(random, isOpaque)
  const { domain, vocabulary, fromMs, toMs, workers, version } = setting
  const onsetMs = Math.round(fromMs + (toMs - fromMs) * random.between(0.35, 0.6))
  const draft: Draft = {
    onsetMs,
    title: `Trouble with ${domain.effects}`,
    summary: undefined,
    known: {},
    sources: [],
    alerts: [],
    changes: undefined,
  }
  return {
    random,
    domain,
    fromMs,
    toMs,
    onsetMs,
    workers,
    version,
    id: (kind, n) => vocabulary.id(kind, n),
    traffic: (options = {}) => trafficOf(setting, options),
    effect: (intent, over = {}) => effectRow(setting, intent, over),
    request: (intent, over = {}) => requestRow(setting, intent, over),
    delivery: (intent, over = {}) => deliveryRow(setting, intent, over),
    ledger: (intent, over = {}) => ledgerRow(intent, over),
    ...bundleOf(draft, setting),
    finish: (variant) => ({
      cause,
      variant,
      seed,
      isOpaque,
      id: isOpaque ? `INC-${random.hex(8)}` : `INC-${cause}-${seed}`,
      service: isOpaque ? vocabulary.id('service') : domain.service,
      domain,
      title: draft.title,
      window: { fromMs, toMs },
      onsetMs: draft.onsetMs,
      known: draft.known,
      sources: [...draft.sources, ...alertSource(draft)],
      ...(draft.summary === undefined ? {} : { summary: draft.summary }),
      ...(draft.changes === undefined ? {} : { changes: draft.changes }),
    }),
  }
}

function settingOf(random: Random, isOpaque: boolean): Setting {
  const vocabulary = vocabularyOf(random, isOpaque)
  const day = Date.UTC(2024, random.int(0, 23), random.int(1, 28))
  const fromMs = day + random.int(4, 14) * hourMs + random.int(0, 59) * 60_000
  const hosts = Array.from({ length: random.int(2, 4) }, () => vocabulary.id('host'))
  const workers = Array.from({ length: random.int(3, 9) }, (_, at) => ({
    id: vocabulary.id('worker'),
    host: hosts[at % hosts.length] as string,
  }))
  return {
    random,
    vocabulary,
    workers,
    domain: random.pick(domains),
    version: versionOf(random, isOpaque),
    fromMs,
    toMs: fromMs + Math.round(random.between(2, 8) * hourMs),
  }
}

export function versionOf(random: Random, isOpaque: boolean): string {
  return isOpaque ? random.hex(7) : `${random.int(1, 9)}.${random.int(0, 40)}.${random.int(0, 9)}`
}

type Filling = Pick<
  World,
  | 'add'
  | 'addEffects'
  | 'log'
  | 'change'
  | 'listChanges'
  | 'alert'
  | 'config'
  | 'code'
  | 'known'
  | 'onset'
  | 'title'
  | 'summary'
>

function bundleOf(draft: Draft, { random, domain }: Setting): Filling {
  const add = (source: SourceDraft): void => {
    draft.sources.push(sourceOf(source, random))
  }
  const addFile = (kind: SourceKind, name: string, rest: Pick<CaseSource, 'isEssential' | 'file'>): void => {
    draft.sources.push({ kind, name, format: 'text', rows: [], ...rest })
  }
  return {
    add,
    addEffects: (rows, { name = domain.effects, keep = [], drop = [] } = {}) => {
      const optional = [...oftenMissing, ...drop].filter((column) => !keep.includes(column))
      add({ kind: 'effects', name, rows, isEssential: true, optional })
    },
    log: (name, lines, options = {}) => {
      add({
        kind: 'log',
        name,
        rows: lines,
        format: random.pick(['text', 'text', 'jsonl', 'csv']),
        ...options,
      })
    },
    change: (change) => {
      draft.changes = [...(draft.changes ?? []), change]
    },
    listChanges: () => {
      draft.changes ??= []
    },
    alert: (at, name, message) => {
      draft.alerts.push({ at, name, message, status: 'firing' })
    },
    config: (name, settings, isEssential = false) => {
      addFile('config', name, { isEssential, file: configText(settings, random) })
    },
    code: (name, ending, text) => {
      addFile('code', name, { isEssential: false, file: { ending, text } })
    },
    known: (constants) => {
      draft.known = { ...draft.known, ...constants }
    },
    onset: (ms) => {
      draft.onsetMs = ms
    },
    title: (text) => {
      draft.title = text
    },
    summary: (text) => {
      draft.summary = text
    },
  }
}

function sourceOf(draft: SourceDraft, random: Random): CaseSource {
  const { kind, name, isEssential = false, optional = [] } = draft
  const dropped = new Set(optional.filter(() => random.chance(0.4)))
  const rows = draft.rows
    .map((row) => (dropped.size === 0 ? row : without(row, dropped)))
    .toSorted((a, b) => a.at - b.at)
  return { kind, name, isEssential, rows, format: draft.format ?? random.pick(['csv', 'jsonl']) }
}

function without(row: Row, dropped: ReadonlySet<string>): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !dropped.has(name))) as unknown as Row
}

function alertSource({ alerts }: Draft): CaseSource[] {
  if (alerts.length === 0) return []
  return [
    {
      kind: 'alerts',
      name: 'alerts',
      isEssential: false,
      format: 'jsonl',
      rows: alerts.toSorted((a, b) => a.at - b.at),
    },
  ]
}
