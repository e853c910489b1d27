/*
 * The pages of the shop. What runs in them is plain JavaScript, as a user of the package would write it; each tells in
 * `document.body.dataset` that it is ready, how many answers it has had and whether it came back from the back-forward cache.
 */

export type PageName = 'guarded' | 'native' | 'control' | 'native-control'

const common = `
  const { dataset } = document.body
  const query = new URLSearchParams(location.search)
  const form = document.querySelector('form')
  const answered = (text) => {
    document.querySelector('output').textContent = text
    dataset.answers = Number(dataset.answers ?? 0) + 1
  }
  addEventListener('pageshow', ({ persisted }) => { dataset.persisted = persisted })`

const scripts: Readonly<Record<PageName, string>> = {
  guarded: `
  import { guardSubmit, keyedFetch, openIntent } from '/onceward.js'
  ${common}
  const intent = openIntent('order', query.get('key') ?? undefined)
  const send = () => keyedFetch(intent, '/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
    ...JSON.parse(query.get('init') ?? '{}'),
  })
  window.shop = { intent, states: [], keyedFetch, openIntent }
  form.addEventListener('onceward', async ({ detail }) => {
    shop.states.push(detail.state)
    if (detail.state === 'pending') return
    answered(detail.response ? detail.response.status + ' ' + await detail.response.text() : String(detail.error))
  })
  shop.unguard = guardSubmit(form, intent, { send })`,

  native: `
  import { guardSubmit, openIntent } from '/onceward.js'
  ${common}
  const intent = openIntent('order')
  window.shop = { intent, states: [] }
  form.addEventListener('onceward', ({ detail }) => shop.states.push(detail.state))
  shop.unguard = guardSubmit(form, intent)`,

  /** As many a page does it: it tries again, and sends no key. */
  control: `
  ${common}
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const body = JSON.stringify(Object.fromEntries(new FormData(form)))
    for (let tries = Number(query.get('tries') ?? 3); tries > 0; tries--) {
      try {
        const response = await fetch('/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
        if (response.status < 500 || tries === 1) return answered(response.status + ' ' + await response.text())
      } catch (error) {
        if (tries === 1) return answered(String(error))
        await new Promise((done) => setTimeout(done, 10))
        if (!navigator.onLine) await new Promise((done) => addEventListener('online', done, { once: true }))
      }
    }
  })`,

  'native-control': common,
}

export function isPageName(name: string): name is PageName {
  return Object.hasOwn(scripts, name)
}

export function formPage(name: PageName): string {
  return page(`<form method="post" action="/orders">
      <input name="sku" value="a-1">
      <input type="submit" id="buy" name="by" value="Buy">
    </form><output></output>
    <script type="module">${scripts[name]}
    dataset.ready = 'form'</script>`)
}

/** What the browser shows after a native post: the page of a final answer lets go of the key. */
export function answerPage(text: string, key: string | undefined): string {
  const end = `import { endIntent } from '/onceward.js'
    endIntent('order', '${key}')`
  return page(`<output>${text}</output>
    <script type="module">${key === undefined ? '' : end}
    document.body.dataset.ready = 'answer'</script>`)
}

export function otherPage(): string {
  return page(`<script type="module">document.body.dataset.ready = 'other'</script>`)
}

function page(body: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,"><body>${body}`
}
