/** Control, invisible and direction-changing characters, unassigned ones, and halves of surrogate pairs. */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u

/**
 * Makes one line of a document's text that shows all that is in it: what a document says reaches a terminal, the
 * configuration and a model.
 *
 * @param maxLength in characters; what is longer ends in an ellipsis
 */
export function plainText(text: string, maxLength: number): string {
  // Cut first, so that a text of megabytes costs nothing.
  const seen = text
    .slice(0, maxLength * 4 + 1_000)
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(new RegExp(unseen, 'gu'), '')
    .replace(/ +/g, ' ')
    .trim()
  const characters = [...seen]
  return characters.length <= maxLength ? seen : `${characters.slice(0, maxLength - 1).join('')}…`
}

/** Tells whether a text shows all that is in it. */
export function isPlain(text: string): boolean {
  return !unseen.test(text)
}
