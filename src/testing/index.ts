/**
 * `onceward/testing`: the store contract as sentences, and stores that break them.
 *
 * A store of your own runs the suite with `runStoreContract`; `docs/reference/testing.md` says how.
 */
export { check, ContractBroken, has, isContractBroken, isKind, same } from './assert.ts'
export { StoreBench } from './bench.ts'
export { breakStore, breakSubject, storeMutants } from './broken-stores.ts'
export type { Mutant } from './broken/wrap.ts'
export type { ContractCase } from './contract.ts'
export type { StorePlace, StoreTrait, StoreUnderTest, UserRows } from './place.ts'
export { runContractCase, runStoreContract, skipReason, type TestRunner } from './run-store-contract.ts'
export { runStoreMutants } from './run-store-mutants.ts'
export { storeContract } from './store-contract.ts'
