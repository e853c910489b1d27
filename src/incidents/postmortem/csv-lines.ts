import { parse } from 'csv-parse/sync'

/** The cells of a small CSV, as text. */
export function csvParse(text: string): readonly (readonly string[])[] {
  return parse(text, { bom: true, relaxColumnCount: true, skipEmptyLines: true })
}
