import type { SeveralSearches } from './several.ts'

/**
 * Returns what replaces a value in text: its label, unless the label would itself give a value away or could, with
 * the text around it, add up to one (the label and a password that begins with `]`).
 */
export function replacementFor(label: string, values: readonly string[], search: SeveralSearches): string {
  if (isHarmless(label, values, search)) return label
  const wall = characterOutside(values)
  const walled = `${wall}${label}${wall}`
  // Two characters are too few to be a form.
  return isHarmless(walled, values, search) ? walled : `${wall}${wall}`
}

function isHarmless(label: string, values: readonly string[], search: SeveralSearches): boolean {
  if (search.finds(label)) return false
  return values
    .flatMap(value => [value, value.split('').reverse().join('')])
    .every(value => !value.includes(label) && !touches(value, label) && !touches(label, value))
}

/** Whether the one text can end with what the other begins with. */
function touches(left: string, right: string): boolean {
  for (let at = left.indexOf(right.charAt(0)); at !== -1; at = left.indexOf(right.charAt(0), at + 1)) {
    if (right.startsWith(left.slice(at))) return true
  }
  return false
}

/** Returns a character that no value contains; there is always one, since values are finite. */
function characterOutside(values: readonly string[]): string {
  let code = '█'.charCodeAt(0)
  while (values.some(value => value.includes(String.fromCharCode(code)))) code += 1
  return String.fromCharCode(code)
}
