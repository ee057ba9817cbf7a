/**
 * Characters that act on a terminal or on the order of what is read instead of being read: C0, DEL and C1 controls
 * (U+009B begins an escape sequence by itself), separators that break a line, marks without width,
 * and bidirectional overrides (CVE-2021-42574).
 */
const harmful =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be found
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu

/** The same among the characters that JSON text may hold unescaped. */
const harmfulInJson = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/
const everyHarmfulInJson = new RegExp(harmfulInJson, 'g')

/** Makes a recorded string safe to print for a person: an agent may have put escape sequences into a path. */
export function printable(text: string): string {
  return text.replace(harmful, character => {
    const code = character.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : escaped(code)
  })
}

/** Escapes within JSON text what JSON itself does not escape; the value stays the same. */
export function escapeControls(json: string): string {
  return harmfulInJson.test(json) ? json.replace(everyHarmfulInJson, found => escaped(found.charCodeAt(0))) : json
}

function escaped(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}
