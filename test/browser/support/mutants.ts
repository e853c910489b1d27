/** One thing of `src/browser` broken in its text; the scenarios that name it must count more than one. */
export interface BrowserMutant {
  readonly id: string
  readonly breaks: string
  readonly file: string
  readonly find: string
  readonly put: string
  readonly noticedBy: string
  /** What it makes more than one of. Default: effects. */
  readonly counts?: 'effects' | 'requests'
}

export const browserMutants: readonly BrowserMutant[] = [
  {
    id: 'key-per-try',
    breaks: 'mints another key for every try',
    file: 'keyed-fetch.ts',
    find: 'const { response, error } =',
    put: `if (tried > 1) {
      intent.renew()
      request.headers.set(header, intent.key)
    }
    const { response, error } =`,
    noticedBy: 'offline and online again',
  },
  {
    id: 'key-not-kept',
    breaks: 'keeps the key in memory alone',
    file: 'intent.ts',
    find: 'sessionStorage.setItem(storageName(name), value)',
    put: '',
    noticedBy: 'a reload in mid-request',
  },
  {
    id: 'let-go-too-early',
    breaks: 'takes 504 for the last word',
    file: 'rules.ts',
    find: 'status < 500',
    put: 'status < 600',
    noticedBy: 'given up, left and come back to',
  },
  {
    id: 'let-go-without-answer',
    breaks: 'lets go of the key when the tries are used up',
    file: 'keyed-fetch.ts',
    find: 'if (isOver) throw error',
    put: `if (isOver) {
      intent.end()
      throw error
    }`,
    noticedBy: 'cut off, left and come back to',
  },
  {
    id: 'key-per-submit',
    breaks: 'begins another intent with every submit after an answer',
    file: 'guard-submit.ts',
    find: `
    write()
    isPending = true`,
    put: `
    if (intent.hasEnded) intent.renew()
    write()
    isPending = true`,
    noticedBy: 'a second click after the answer',
  },
  {
    id: 'forgets-on-the-way-back',
    breaks: 'takes going back for a new opening',
    file: 'rules.ts',
    find: "navigationType === 'back_forward'",
    put: 'false',
    noticedBy: 'back to a page that is loaded anew',
  },
  {
    id: 'ends-with-the-tab',
    breaks: 'mints a key of its own in a copied tab',
    file: 'intent.ts',
    find: 'const kept = read(name)',
    put: 'const kept = opener === null ? read(name) : undefined',
    noticedBy: 'two tabs, one a copy of the other',
  },
  {
    id: 'two-at-once',
    breaks: 'sends a form that is pending',
    file: 'guard-submit.ts',
    find: 'if (isPending) {',
    put: 'if (false) {',
    noticedBy: 'two clicks while the first is pending',
    counts: 'requests',
  },
  {
    id: 'native-key-per-post',
    breaks: 'writes another key into the form each time',
    file: 'guard-submit.ts',
    find: 'if (input) input.value = intent.key',
    put: 'if (input) input.value = crypto.randomUUID()',
    noticedBy: 'back to a form that the browser posted itself',
  },
  {
    id: 'answer-begins-another',
    breaks: 'begins another intent from the page of the answer',
    file: 'intent.ts',
    find: 'if (read(name) === key) write(name, endedMark + key)',
    put: 'if (read(name) === key) write(name, mint())',
    noticedBy: 'back to a form that the browser posted itself, loaded anew, and back again',
  },
  {
    id: 'name-of-the-work-unheard',
    breaks: 'mints a key where the page has named the work',
    file: 'intent.ts',
    find: 'return key',
    put: "return key === ''",
    noticedBy: 'two tabs that know the cart by its name',
  },
]
