/** `text` with each table, between its marks, as it has to be. Throws where the marks of one are missing. */
export function withTables(text: string, tables: Readonly<Record<string, () => string>>): string {
  return Object.entries(tables).reduce((guide, [name, table]) => {
    const marks = new RegExp(`(<!-- ${name}:start -->\n)[\\s\\S]*?(<!-- ${name}:end -->)`)
    if (!marks.test(guide)) throw new Error(`The guide has no marks for ${name}.`)
    return guide.replace(marks, (_, start: string, end: string) => `${start}${table()}\n${end}`)
  }, text)
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
