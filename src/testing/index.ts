/**
 * `onceward/testing`: the store contract as sentences, stores that break them, and PostgreSQL servers for tests.
 *
 * A store of your own runs the suite with `runStoreContract` and `runStoreMutants`; `docs/reference/testing.md` leads
 * through it.
 */
export { check, ContractBroken, has, isContractBroken, isKind, same } from './assert.ts'
export { StoreBench } from './bench.ts'
export { breakStore, breakSubject, storeMutants } from './broken-stores.ts'
export type { Mutant } from './broken/wrap.ts'
export type { ContractCase } from './contract.ts'
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded-postgres.ts'
export type { StorePlace, StoreTrait, StoreUnderTest, UserRows } from './place.ts'
export { PostgresPair, type PostgresPairOptions, type Replication } from './postgres-pair/index.ts'
export type {
  AdapterTrait,
  AdapterUnderTest,
  RouteAnswer,
  RouteCall,
  RunningService,
  ServiceOptions,
  ServiceRoute,
  ServiceUnderTest,
} from './http/adapter.ts'
export type { AdapterCase } from './http/contract.ts'
export { adapterMutants } from './http/broken/adapters.ts'
export type { AdapterMutant } from './http/broken/mutant.ts'
export { adapterContract, runAdapterCase, runAdapterContract } from './http/run-adapter-contract.ts'
export type { AdapterContractOptions } from './http/run-adapter-contract.ts'
export { runAdapterMutants } from './http/run-adapter-mutants.ts'
export { runContractCase, runStoreContract, skipReason } from './run-store-contract.ts'
export { runStoreMutants } from './run-store-mutants.ts'
export { storeContract } from './store-contract.ts'
export type { TestRunner } from './test-runner.ts'
