import type { ContractCase } from './contract.ts'
import { claimCases } from './cases/claim.ts'
import { takeoverCases } from './cases/takeover.ts'

/** Every promise of the Store contract, as sentences. */
export const storeContract: readonly ContractCase[] = [...claimCases, ...takeoverCases]
