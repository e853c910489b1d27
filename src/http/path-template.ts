/** `/orders/:id`, `/files/*`: literal segments, parameters, and a rest at the end. */
export function isTemplate(path: string): boolean {
  return /^(\/(:[A-Za-z_]\w*|[\w.~!$&'()+,;=@%-]*))*(\/\*)?$/.test(path) && path !== ''
}

/**
 * Whether a path fits a template, segment by segment, exactly as it was sent: nothing is decoded, no case is folded. The
 * path is given as its segments (`path.split('/')`), because it is compared with many.
 */
export function templateMatcher(template: string): (segments: readonly string[]) => boolean {
  const all = template.split('/')
  const hasRest = all.at(-1) === '*'
  const wanted = hasRest ? all.slice(0, -1) : all
  return (given) => {
    if (hasRest ? given.length <= wanted.length : given.length !== wanted.length) return false
    return wanted.every((segment, at) => (segment.startsWith(':') ? given[at] !== '' : segment === given[at]))
  }
}
