/**
 * Text of other people's logs on one line: control characters, and those that turn the direction of writing, become
 * visible, so that none drives a terminal or hides what stands there.
 */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replaceAll(
      /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
      (character) => {
        const code = character.charCodeAt(0).toString(16)
        return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
      },
    )
}
