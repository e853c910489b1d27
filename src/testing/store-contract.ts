import { batchCases } from './cases/batch.ts'
import { claimCases } from './cases/claim.ts'
import { edgeCases } from './cases/edges.ts'
import { epochCases } from './cases/epochs.ts'
import { knownCases } from './cases/known.ts'
import { lineageCases } from './cases/lineage.ts'
import { listCases } from './cases/list.ts'
import { purgeCases } from './cases/purge.ts'
import { recallCases } from './cases/recall.ts'
import { recordCases } from './cases/records.ts'
import { renewCases } from './cases/renew.ts'
import { resolveCases } from './cases/resolve.ts'
import { settleCases } from './cases/settle.ts'
import { stepCases } from './cases/steps.ts'
import { takeoverCases } from './cases/takeover.ts'
import { transactionCases } from './cases/transaction.ts'
import { twinCases } from './cases/twins.ts'
import { valueCases } from './cases/values.ts'
import type { ContractCase } from './contract.ts'

/** Every promise of the Store contract, as sentences. */
export const storeContract: readonly ContractCase[] = [
  ...lineageCases,
  ...epochCases,
  ...claimCases,
  ...takeoverCases,
  ...settleCases,
  ...stepCases,
  ...knownCases,
  ...renewCases,
  ...resolveCases,
  ...recallCases,
  ...edgeCases,
  ...batchCases,
  ...valueCases,
  ...listCases,
  ...twinCases,
  ...purgeCases,
  ...recordCases,
  ...transactionCases,
]
