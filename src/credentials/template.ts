/** A text with fields in it, taken apart: every second piece is the name of a field. */
export type Template = readonly string[]

/** Takes the `{field}` out of a text. */
export function parseTemplate(text: string): Template {
  return text.split(/\{([a-z_]+)\}/)
}

/** Says for an admin what is wrong with a template in which these fields can be; null when nothing is. */
export function templateProblem(template: Template, fields: readonly string[]): string | null {
  const unknown = fieldsOf(template).find(field => !fields.includes(field))
  if (unknown !== undefined) return `{${unknown}} is not one of ${fields.map(name => `{${name}}`).join(' ')}`
  const isOdd = template.some((piece, index) => index % 2 === 0 && /[{}]/.test(piece))
  return isOdd ? 'a { or } that does not belong to a field' : null
}

/** The fields of a template, in order. */
export function fieldsOf(template: Template): readonly string[] {
  return template.filter((_, index) => index % 2 === 1)
}

/** Writes a template with the values of its fields. */
export function filled(template: Template, values: Readonly<Record<string, string>>): string {
  return template.map((piece, index) => (index % 2 === 0 ? piece : (values[piece] ?? ''))).join('')
}

/**
 * Tells whether a filled template could have come from other values as well: when two of the fields contain the text that
 * stands between them and their neighbours, what belongs to which is anybody's guess.
 *
 * @param free the fields whose values are not of a fixed form
 */
export function isAmbiguous(
  template: Template,
  values: Readonly<Record<string, string>>,
  free: ReadonlySet<string>,
): boolean {
  const blurred = template.filter((piece, index) => {
    if (index % 2 === 0 || !free.has(piece)) return false
    const around = [template[index - 1], template[index + 1]].filter(text => text !== undefined && text !== '')
    return around.some(text => values[piece]?.includes(text as string))
  })
  return blurred.length > 1
}
