import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Session } from 'node:inspector/promises'
import { rmSync } from 'node:fs'
import { type Cell, cellId } from './cells.ts'
import { makeContender } from './contenders/index.ts'
import { temporaryHome } from './machine.ts'
import { benchDir, loadEmbeddedPostgres, type ProductForm } from './product.ts'
import { count, say } from './progress.ts'
import { table } from './tables.ts'

export interface ProfileOptions {
  readonly cell: Cell
  readonly seconds: number
  readonly form: ProductForm
}

const topFunctions = 30
const sampleEveryUs = 200
const allocationSampleBytes = 16_384

/** Profiles one of Onceward's cells: processor time first, allocations in a second pass, so that neither skews the other. */
export async function profile({ cell, seconds, form }: ProfileOptions): Promise<void> {
  const directory = temporaryHome()
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const postgres =
    cell.group === 'postgres' ? await (await loadEmbeddedPostgres(form)).startEmbeddedPostgres() : undefined
  const setting = { form, directory, ...(postgres === undefined ? {} : { postgresUrl: postgres.url }) }
  const contender = await makeContender(cell.contender, setting)
  const session = new Session()
  session.connect()
  try {
    await contender.measure(cell, { warmMs: 0, measureMs: 1500 })
    const times = await processorTime(
      session,
      () => contender.measure(cell, { warmMs: 0, measureMs: seconds * 1000 }),
      cell,
    )
    const bytes = await allocations(
      session,
      () => contender.measure(cell, { warmMs: 0, measureMs: seconds * 1000 }),
      cell,
    )
    console.log(`\n## ${cellId(cell)}, ${seconds} s\n\n${times}\n\n${bytes}`)
  } finally {
    session.disconnect()
    await contender.close()
    await postgres?.stop()
  }
}

type Measure = () => Promise<{ readonly operations: number; readonly opsPerSecond: number }>

interface Place {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

async function processorTime(session: Session, measure: Measure, cell: Cell): Promise<string> {
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: sampleEveryUs })
  await session.post('Profiler.start')
  const { operations, opsPerSecond } = await measure()
  const { profile: taken } = await session.post('Profiler.stop')
  keep(`${cellId(cell).replaceAll('/', '-')}.cpuprofile`, taken)
  const selfUs = new Map<string, number>()
  const nodes = new Map(taken.nodes.map((node) => [node.id, node]))
  for (const [index, id] of (taken.samples ?? []).entries()) {
    const node = nodes.get(id)
    if (node !== undefined) add(selfUs, placeOf(node.callFrame), taken.timeDeltas?.[index] ?? 0)
  }
  const allUs = [...selfUs.values()].reduce((sum, one) => sum + one, 0)
  const rows = largest(selfUs).map(([place, us]) => [
    place,
    `${((us / allUs) * 100).toFixed(1)} %`,
    (us / operations).toFixed(2),
  ])
  return `${count(opsPerSecond)} operations/s while profiled\n\n${table(['Self time', 'Share', 'µs per operation'], rows)}`
}

async function allocations(session: Session, measure: Measure, cell: Cell): Promise<string> {
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: allocationSampleBytes,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  const { operations } = await measure()
  const { profile: taken } = await session.post('HeapProfiler.stopSampling')
  keep(`${cellId(cell).replaceAll('/', '-')}.heapprofile`, taken)
  const bytes = new Map<string, number>()
  const visit = (node: typeof taken.head): void => {
    add(bytes, placeOf(node.callFrame), node.selfSize)
    for (const child of node.children) visit(child)
  }
  visit(taken.head)
  const all = [...bytes.values()].reduce((sum, one) => sum + one, 0)
  const rows = largest(bytes).map(([place, size]) => [
    place,
    `${((size / all) * 100).toFixed(1)} %`,
    count(size / operations),
  ])
  return `${count(all / operations)} bytes allocated per operation\n\n${table(['Allocated in', 'Share', 'bytes per operation'], rows)}`
}

function add(sums: Map<string, number>, place: string, amount: number): void {
  sums.set(place, (sums.get(place) ?? 0) + amount)
}

function largest(sums: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...sums].toSorted(([, a], [, b]) => b - a).slice(0, topFunctions)
}

function placeOf({ functionName, url, lineNumber }: Place): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return `\`${name}\``
  const path = url.replace(/^file:\/\//, '').replace(/^.*\/(?:\.build|src|node_modules)\//, '')
  return `\`${name}\` ${path}:${lineNumber + 1}`
}

function keep(name: string, taken: unknown): void {
  const directory = join(benchDir, '.runs')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, name), JSON.stringify(taken))
  say(`bench/.runs/${name}: open it in a browser's developer tools`)
}
