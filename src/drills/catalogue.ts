import type { Drill } from './drill.ts'
import { crashEachAwaitDrill } from './scenarios/crash-each-await.ts'
import { fortyMillisecondRace } from './scenarios/forty-millisecond-race.ts'
import { stampede } from './scenarios/stampede.ts'

/** Every drill, in the order in which they are held. */
export const drills: readonly Drill[] = [crashEachAwaitDrill, stampede, fortyMillisecondRace]
