import type { Generator } from '../generator.ts'
import { d01 } from './d01.ts'
import { l04 } from './l04.ts'
import { n01 } from './n01.ts'

/** One for each entry of the catalogue, in its order. */
export const generators: readonly Generator[] = [d01, l04, n01]
