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
import { d11 } from './d11.ts'
import { d12 } from './d12.ts'
import { d13 } from './d13.ts'
import { d14 } from './d14.ts'
import { d15 } from './d15.ts'
import { d16 } from './d16.ts'
import { d17 } from './d17.ts'
import { d18 } from './d18.ts'
import { d19 } from './d19.ts'
import { d20 } from './d20.ts'
import { d21 } from './d21.ts'
import { d22 } from './d22.ts'
import { d23 } from './d23.ts'
import { d24 } from './d24.ts'
import { d25 } from './d25.ts'
import { d26 } from './d26.ts'
import { d27 } from './d27.ts'
import { d28 } from './d28.ts'
import { l01 } from './l01.ts'
import { l02 } from './l02.ts'
import { l03 } from './l03.ts'
import { l04 } from './l04.ts'
import { l05 } from './l05.ts'
import { l06 } from './l06.ts'
import { l07 } from './l07.ts'
import { l08 } from './l08.ts'
import { l09 } from './l09.ts'
import { n01 } from './n01.ts'
import { n02 } from './n02.ts'

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
  d11,
  d12,
  d13,
  d14,
  d15,
  d16,
  d17,
  d18,
  d19,
  d20,
  d21,
  d22,
  d23,
  d24,
  d25,
  d26,
  d27,
  d28,
  l01,
  l02,
  l03,
  l04,
  l05,
  l06,
  l07,
  l08,
  l09,
  n01,
  n02,
]
