/** Light and dark by the reader's choice, narrow screens, and paper. */
export const styles = `
:root { --ink: #1b1f24; --paper: #ffffff; --soft: #f3f4f6; --line: #d4d8dd; --mark: #a13d0b; --link: #0b5394 }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --paper: #15181c; --soft: #20252b; --line: #3a424b; --mark: #f0935f; --link: #8ab8e8 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 54rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1.02rem; margin: 1.75rem 0 .5rem }
p, ul, dl { margin: .5rem 0 }
li { margin: .3rem 0 }
a { color: var(--link) }
.cites { font-weight: normal; white-space: normal }
pre, code { font: .85rem/1.45 ui-monospace, monospace }
pre { white-space: pre-wrap; background: var(--soft); padding: .6rem .8rem; border-radius: .35rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line) }
.bars th[scope=row] { width: 60%; font-weight: 600 }
.bar { display: block; height: .7rem; background: var(--soft); border: 1px solid var(--line); border-radius: .2rem; overflow: hidden }
.bar i { display: block; height: 100%; background: var(--mark) }
dt { font-weight: 600; margin-top: .8rem }
dt:target { outline: 2px solid var(--mark); outline-offset: .2rem }
dd { margin: 0 0 0 1rem }
@page { margin: 14mm }
@media print {
  main { max-width: none; padding: 0 } pre, tr, dd { break-inside: avoid } h2, h3 { break-after: avoid }
  .bar i { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
`
