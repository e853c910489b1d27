import { createOnceward } from '../../../src/index.ts'
import { openStoreFromUrl } from '../../../src/stores/open.ts'

/* node doomed-worker.ts STORE_URL: dies by SIGKILL between its effect and the record of it. */

const [, , storeUrl = ''] = process.argv
const once = createOnceward({ store: await openStoreFromUrl(storeUrl), scope: 'shop', sweep: false })
await once.run(
  { operation: 'mail', key: ['order', '7'], input: { to: 'a' }, subject: 'order:7', leaseMs: 300 },
  () => {
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => undefined)
  },
)
