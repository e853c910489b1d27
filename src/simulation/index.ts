/*
 * The simulation: the production ledger in virtual time, in worlds that are drawn from a seed. docs/guide/simulation.md.
 */
export { noneYet, replay, type Sometimes, sometimesNames, type Violation } from './campaign.ts'
export { configurations, exhaust, type ExhaustReport, exhaustiveText } from './exhaustive/index.ts'
export { type ResidualName, residualNames } from './losses.ts'
export { type SimulationMutant, simulationMutant, simulationMutants } from './mutants/index.ts'
export { type Given, type Replication, replications } from './plan.ts'
export { missed, type SimulateOptions, simulate, type SimulationReport } from './simulate.ts'
