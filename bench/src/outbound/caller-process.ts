// Measures one caller in a process of its own, so that none pays for another's garbage. Prints the measurement as JSON.
// node caller-process.ts NAME URL FORM PATH WARM_MS MEASURE_MS
import { measureLoad } from '../load.ts'
import type { ProductForm } from '../product.ts'
import { type CallerName, startCaller } from './contenders.ts'

const [name, url = '', form, path = '', warmMs, measureMs] = process.argv.slice(2)
const concurrency = 64
const caller = await startCaller(name as CallerName, {
  url,
  form: form as ProductForm,
  connections: concurrency,
  path,
})
const run = async (n: number): Promise<void> => {
  const status = await caller.call(n)
  if (status !== 201) throw new Error(`${name} was answered ${status}`)
}
const window = { warmMs: Number(warmMs), measureMs: Number(measureMs) }
const measurement = await measureLoad({ run }, concurrency, window)
process.stdout.write(JSON.stringify(measurement), () => process.exit(0))
