// In a package of yours: from 'onceward/browser'.
import { guardSubmit, keyedFetch, openIntent } from './onceward.js'

const show = (id, text) => {
  document.querySelector(`output[for=${id}]`).textContent = text
}

// Sent by the page. The intent begins here, where the form is opened.
const fetched = document.querySelector('#fetched')
const intent = openIntent('order')
guardSubmit(fetched, intent, {
  send: () =>
    keyedFetch(intent, fetched.action, { method: 'POST', body: new URLSearchParams(new FormData(fetched)) }),
})
fetched.addEventListener('onceward', ({ detail: { state, response, error } }) => {
  if (state === 'pending') show('fetched', 'On its way …')
  if (state === 'answered') response.text().then((text) => show('fetched', text))
  if (state === 'failed') show('fetched', `Not known yet: ${error.message}. Ordering again is safe.`)
})
document.querySelector('#another').addEventListener('click', () => {
  intent.renew()
  show('fetched', 'The next click orders once more.')
})

// Posted by the browser, with its key in a hidden field. The page that it leads to lets go of the key (thanks.html).
guardSubmit(document.querySelector('#posted'), openIntent('posted order'))
document.body.dataset.ready = 'form'
