import { lengthOf, minimumSecretLength } from '../redact/redactor.ts'

/** Says why a value cannot be held as a token that goes into a header or a query; null when it can. */
export function tokenProblem(token: string): string | null {
  return lengthProblem(token) ?? headerProblem(token)
}

/** Says that a value is too short to be redacted; null when it is not. */
export function lengthProblem(value: string): string | null {
  if (lengthOf(value) >= minimumSecretLength) return null
  return `is shorter than ${minimumSecretLength} characters, too short to be told from other text and redacted`
}

/** Names the first control character of a value; null when there is none. */
export function controlProblem(value: string): string | null {
  const control = /\p{Cc}/u.exec(value)
  return control === null ? null : `contains ${nameOfControl(control[0])}`
}

/** Says why a value cannot be in a header as it is, in words without the value; null when it can. */
function headerProblem(value: string): string | null {
  // Header values lose the spaces around them, and have no agreed encoding beyond ASCII (RFC 9110, 5.5):
  // what the target receives would not be what redaction looks for.
  const control = controlProblem(value)
  if (control !== null) return control
  if (value !== value.trim()) return 'begins or ends with a space'
  if (!/^[\x20-\x7e]*$/.test(value)) return 'contains a character that is not ASCII'
  return null
}

function nameOfControl(character: string): string {
  const names: Record<string, string> = { '\n': 'a line break', '\r': 'a carriage return', '\t': 'a tab' }
  const codePoint = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return `${names[character] ?? 'a control character'} (U+${codePoint})`
}
