// node talker-process.ts FORM STORE_PATH EVENTS_PER_SECOND: works at a steady pace and records what it does, until it is ended.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { recordActivity as RecordActivity } from '../../../src/server/index.ts'
import { buildDir, loadRoot, type ProductForm, rootDir, sqliteStore } from '../product.ts'

const [form = 'build', path = '', events = '200'] = process.argv.slice(2)
const { createOnceward } = await loadRoot(form as ProductForm)
const store = await sqliteStore(form as ProductForm, path)
const once = createOnceward({ store, scope: 'default', sweep: false })
await once.open()
const module = form === 'build' ? join(buildDir, 'server/index.js') : join(rootDir, 'src/server/index.ts')
const { recordActivity } = (await import(pathToFileURL(module).href)) as {
  recordActivity: typeof RecordActivity
}
recordActivity(once, { store })
// An operation has three events: claimed, effect_started, succeeded.
const everyMs = 3000 / Number(events)
let n = 0
setInterval(() => void once.run({ operation: 'talk', key: [process.pid, (n += 1)] }, () => n), everyMs)
