import { readBundle } from '../bundle/bundle.ts'
import type { LoadOptions } from '../bundle/load.ts'
import { builtInCatalogue } from '../catalogue/catalogue.ts'
import { examine } from '../examine.ts'
import { triage } from '../triage.ts'
import { postMortemOf } from './compose.ts'
import { evidencePack } from './pack.ts'
import type { PostMortem, TimelineEntry } from './shape.ts'

export interface PostMortemOptions extends LoadOptions {
  /** Fill in what triage knows. */
  readonly fromTriage?: boolean
  /** Time lines of other tools, from `importTimeline`. */
  readonly imported?: readonly TimelineEntry[]
}

/** The post-mortem of a bundle. Throws as `examineBundle` does. */
export async function writePostMortem(
  directory: string,
  options: PostMortemOptions = {},
): Promise<PostMortem> {
  const { fromTriage = false, imported = [], ...loading } = options
  const bundle = await readBundle(directory, loading)
  const examination = examine(bundle)
  return postMortemOf({
    bundle,
    examination,
    triage: fromTriage ? triage(examination, { catalogue: builtInCatalogue() }) : undefined,
    imported,
    pack: await evidencePack(bundle),
  })
}
