/** Writes a name so that it is read as this name and nothing else, whatever is in it. */
export function quoteName(name: string): string {
  if (name === '' || name.includes('\0')) throw new Error('a name is not empty and has no NUL')
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Writes a text as a literal. One with a backslash is written so that no setting of the server changes what it means, and
 * control characters are written as escapes: the text is shown to people too.
 */
export function quoteText(value: string): string {
  if (value.includes('\0')) throw new Error('a text has no NUL')
  const quoted = `'${value.replaceAll("'", "''")}'`
  const escaped = quoted.replaceAll('\\', String.raw`\\`).replaceAll(control, escapeOf)
  return escaped === quoted ? quoted : `E${escaped}`
}

const control = /[^\P{Cc}\t\n\r]/gu

function escapeOf(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
