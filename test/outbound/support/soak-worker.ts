// A sender of the soak, as a process of its own: `node soak-worker.ts CONFIG`. It says at its end what it came to; with a
// ledger it may be killed before, and another one goes on.
import { sendAll, type SoakConfig } from './soak-sender.ts'

process.stdout.write(JSON.stringify(await sendAll(JSON.parse(process.argv[2] ?? '{}') as SoakConfig)))
