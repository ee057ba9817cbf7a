/** Gives a name as SQLite compares it: ASCII letters in lower case, and nothing else folded. */
export function fold(name: string): string {
  return name.replaceAll(/[A-Z]+/g, part => part.toLowerCase())
}

/** Writes a name so that it cannot be read as anything else. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
