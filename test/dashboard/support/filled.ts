import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { builtInCatalogue, examineBundle, triage, writePostMortem } from '../../../src/incidents/index.ts'
import { createOnceward, DefiniteFailure } from '../../../src/index.ts'
import { recordActivity } from '../../../src/server/index.ts'
import { openStoreFromUrl } from '../../../src/stores/open.ts'
import type { ControlRoom } from '../../server/support/control-room.ts'
import { root } from '../../support/repo.ts'

const hostile = '<img src=x onerror="document.title=1">'

/** A store on which all of it has happened: each page has something to show. Gives refs of entries. */
export async function fill(
  room: ControlRoom,
): Promise<{ readonly stepped: string; readonly doubtful: string }> {
  const store = await openStoreFromUrl(room.storeUrl)
  const operations = { fulfil: { steps: true, safety: 'keyed' as const } }
  const once = createOnceward({ store, scope: 'shop', sweep: false, operations })
  await once.open()
  const recorder = recordActivity(once, { store })
  for (let order = 0; order < 12; order += 1) {
    const subject = `order:${order}`
    const charge = (key: string) => ({
      operation: 'charge',
      key: [key, String(order)],
      input: { cents: 100 + order },
      subject,
    })
    await once.run(charge('order'), () => ({ id: `ch_${order}`, note: hostile }))
    if (order % 3 === 0) await once.run(charge('order'), () => 'never')
    if (order % 5 === 0) await once.run(charge('try'), () => 'a second time')
  }
  await once.execute({ operation: 'ship', key: hostile }, () => {
    throw new DefiniteFailure('no stock')
  })
  const doubt = await once.execute({ operation: 'mail', key: ['order', '3'], subject: 'order:3' }, () => {
    throw new Error('socket hang up')
  })
  const stepped = await once.execute({ operation: 'fulfil', key: ['order', '42'] }, async (attempt) => {
    await attempt.step('charge', () => 1)
    return attempt.step('mail', { safety: 'blind' }, () => 2)
  })
  await recorder.stop()
  await once.close()
  const examined = await examineBundle(join(root, 'examples/triage-bundle'))
  await record(room, 'incidents', triage(examined, { catalogue: builtInCatalogue() }))
  await record(room, 'incidents', await writePostMortem(join(root, 'examples/triage-bundle')))
  const notClean = {
    matched: 7,
    missing: 8,
    extra: 0,
    duplicated: 0,
    mismatched: 0,
    pending: 0,
    clean: false,
  }
  await record(room, 'reconciliations', notClean)
  return { stepped: stepped.ref, doubtful: doubt.ref }
}

async function record(room: ControlRoom, kind: string, document: unknown): Promise<void> {
  const { status, text } = await room.ask(`/v1/${kind}?scope=shop`, {
    body: document,
    headers: { 'idempotency-key': `"${randomUUID()}"` },
  })
  if (status !== 201) throw new Error(text)
}
