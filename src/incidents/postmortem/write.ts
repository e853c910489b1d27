import { readBundle } from '../bundle/bundle.ts'
import type { LoadOptions } from '../bundle/load.ts'
import { builtInCatalogue } from '../catalogue/catalogue.ts'
import { examine } from '../examine.ts'
import { triage } from '../triage.ts'
import { postMortemOf } from './compose.ts'
import { importTimelines } from './import-timeline.ts'
import { evidencePack, type TimelineFile } from './pack.ts'
import type { PostMortem } from './shape.ts'

export interface PostMortemOptions extends LoadOptions {
  /** Fill in what triage knows. */
  readonly fromTriage?: boolean
  /** Time lines of other tools, as `importTimelines` reads them. */
  readonly timelines?: readonly TimelineFile[]
}

/**
 * The post-mortem of a bundle. Throws as `examineBundle` does, and `OPTION_INVALID` for what is no time line and for citations of
 * evidence that there is not.
 */
export async function writePostMortem(
  directory: string,
  options: PostMortemOptions = {},
): Promise<PostMortem> {
  const { fromTriage = false, timelines = [], ...loading } = options
  const imported = importTimelines(
    timelines.map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) })),
  )
  const bundle = await readBundle(directory, loading)
  const examination = examine(bundle)
  return postMortemOf({
    bundle,
    examination,
    triage: fromTriage ? triage(examination, { catalogue: builtInCatalogue() }) : undefined,
    imported,
    pack: await evidencePack(bundle, timelines),
  })
}
