/* What of a post-mortem's JSON these pages show. */

export interface PostMortemDocument {
  readonly onceward: 'post-mortem/v1'
  readonly incident: string
  readonly title: string
  readonly service?: string
  readonly severity?: string
  readonly window: { readonly from: string; readonly to: string }
  readonly summary?: string
  readonly impact: readonly { readonly label: string; readonly value: string; readonly unit?: string }[]
  readonly customerImpact?: string
  readonly timeline: readonly {
    readonly at: string
    readonly phase: string
    readonly text: string
    readonly source: string
  }[]
  readonly causes: readonly {
    readonly why: string
    readonly because: string
    /** As it is written in incident.yaml. */
    readonly evidence?: string
  }[]
  readonly controls: readonly {
    readonly name: string
    readonly type: string
    readonly outcome: 'worked' | 'failed' | 'missed' | 'not judged'
    readonly why: string
  }[]
  readonly remediation: readonly {
    readonly action: string
    readonly owner: string
    readonly due: string
    readonly status: string
  }[]
  readonly wentWell: readonly string[]
  readonly wentBadly: readonly string[]
  readonly luck: readonly string[]
  readonly openQuestions: readonly string[]
}

export function isPostMortem(document: object): document is Partial<PostMortemDocument> {
  return 'onceward' in document && document.onceward === 'post-mortem/v1'
}
