import { answerMeasures } from './answers.ts'
import { changeMeasures } from './changes.ts'
import { gapMeasures } from './gaps.ts'
import { lossBySizeMeasures } from './loss-by-size.ts'
import { lossMeasures } from './losses.ts'
import type { Measures } from './material.ts'
import { missingFieldMeasures } from './missing-fields.ts'
import { pairMeasures } from './pairs.ts'
import { placeMeasures } from './places.ts'
import { sideMeasures } from './sides.ts'
import { sizeMeasures } from './sizes.ts'
import { systemMeasures } from './systems.ts'

/** One for each signal that the catalogue knows. */
export const measures: Measures = {
  ...pairMeasures,
  ...gapMeasures,
  ...placeMeasures,
  ...sideMeasures,
  ...answerMeasures,
  ...systemMeasures,
  ...changeMeasures,
  ...lossMeasures,
  ...lossBySizeMeasures,
  ...missingFieldMeasures,
  ...sizeMeasures,
}
