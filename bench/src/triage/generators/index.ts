import type { Generator } from '../generator.ts'
import { d01 } from './d01.ts'
import { d02 } from './d02.ts'
import { d03 } from './d03.ts'
import { d04 } from './d04.ts'
import { d05 } from './d05.ts'
import { d06 } from './d06.ts'
import { d07 } from './d07.ts'
import { d08 } from './d08.ts'
import { d09 } from './d09.ts'
import { d10 } from './d10.ts'
import { l04 } from './l04.ts'
import { n01 } from './n01.ts'

/** One for each entry of the catalogue, in its order. */
// biome-ignore format: one a line, so that lists of two people merge
export const generators: readonly Generator[] = [
  d01,
  d02,
  d03,
  d04,
  d05,
  d06,
  d07,
  d08,
  d09,
  d10,
  l04,
  n01,
]
