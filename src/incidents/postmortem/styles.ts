/** Beside those of the reports of triage. */
export const postMortemStyles = `
header .facts span { display: inline-block; background: var(--soft); border-radius: .8rem; padding: .05rem .7rem; margin: 0 .3rem .3rem 0 }
.lead { font-size: 1.08rem }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem }
.card dt { margin: 0; font-weight: normal }
.card dd { margin: 0; font-size: 1.5rem }
.filters { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .5rem 0 }
.filters fieldset { border: 0; padding: 0; margin: 0 }
.filters legend { font-size: .85rem; padding: 0 }
.filters label { display: inline-block; margin-right: .7rem; overflow-wrap: anywhere }
.timeline td:nth-child(2) { white-space: nowrap }
.timeline td:last-child { width: 18% }
.card .cites { font-size: .8rem }
.timeline th[scope=row] { white-space: nowrap; font-weight: normal }
.phase, .outcome { display: inline-block; border: 1px solid var(--line); border-radius: .8rem; padding: 0 .55rem; white-space: nowrap }
.phase-onset, .phase-alert, .outcome-failed, .outcome-missed { border-color: var(--mark); color: var(--mark); font-weight: 600 }
.phase-resolve, .outcome-worked { border-color: var(--link); color: var(--link) }
figure { margin: 1rem 0; break-inside: avoid } figcaption { font-weight: 600 }
svg { display: block; width: 100%; height: auto; overflow: visible } svg text { font: 11px system-ui, sans-serif; fill: var(--ink) }
.count { fill: var(--link) } .grid { stroke: var(--line) } .onset { fill: var(--mark); opacity: .28 }
.halo, .change, .limit { vector-effect: non-scaling-stroke }
.halo { stroke: var(--paper); stroke-width: 6 }
.change { stroke: var(--ink); stroke-dasharray: 3 3 } .limit { stroke: var(--mark); stroke-width: 2 }
.legend, .source { font-size: .9rem; margin: .2rem 0 }
.excerpts { list-style: none; padding: 0 } .excerpts code { background: var(--soft) }
.lacking { color: var(--mark); font-weight: 600 }
details summary { cursor: pointer; margin: .8rem 0 }
.whys { list-style: none; padding-left: 1rem; border-left: 2px solid var(--line) } .whys p { margin: .2rem 0 } .why { font-weight: 600 }
/* Text breaks anywhere, so that no word makes a table too wide; what is short does not. */
main th[scope=col], td.short { white-space: nowrap }
td.some { min-width: 6.5rem }
@media screen and (max-width: 40rem) {
  svg text { font-size: 19px } svg .minor { display: none }
  main thead { display: none }
  main tr { display: block; border-bottom: 1px solid var(--line); padding: .4rem 0 }
  main th[scope=row], main td { display: block; border: 0; padding: 0 }
  td[data-label]:not(:empty)::before { content: attr(data-label) ": "; font-size: .85rem }
  .timeline th[scope=row], .timeline td:nth-child(2) { display: inline-block; margin-right: .6rem }
  .timeline td:last-child { width: auto; font-size: .85rem }
}
@media print { .filters { display: none } a { color: inherit } }
`
