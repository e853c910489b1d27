import { visible } from './visible.ts'

/** As text and inside attributes. */
export function escaped(text: string): string {
  return visible(text).replaceAll(/[&<>"'`=]/g, (character) => `&#${character.charCodeAt(0)};`)
}
