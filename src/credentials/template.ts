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
 * Names the fields, in a filled template, of which nobody could tell where they end. Read from left to right, a field ends at the first
 * appearance of the text that follows it in the template, so it must not contain that text; unless only fields of a fixed form come after.
 * Fields that stand directly beside each other count as one: where one of them ends is left open.
 *
 * @param free the fields whose values are not of a fixed form; all others have a fixed length, or are a method of HTTP
 * @returns the fields that stand in such a place; none when every place of the template has only one reading
 */
export function endlessFields(
  template: Template,
  values: Readonly<Record<string, string>>,
  free: ReadonlySet<string>,
): readonly string[] {
  const groups = groupsOf(template).map(({ fields, end }) => {
    // What is of a fixed form and stands in front is told apart by it.
    const first = fields.findIndex(field => free.has(field))
    return { fields: first === -1 ? [] : fields.slice(first), end }
  })
  const last = groups.findLastIndex(({ fields }) => fields.length > 0)
  const endless = groups.slice(0, Math.max(0, last)).find(({ fields, end }) => {
    const text = fields.map(field => values[field] ?? '').join('')
    // Looked for in both together: `a` that `aa` follows ends too early as well.
    return fields.length > 0 && `${text}${end}`.indexOf(end) !== text.length
  })
  return endless?.fields.filter(field => free.has(field)) ?? []
}

interface Group {
  readonly fields: readonly string[]
  /** The text that follows. */
  readonly end: string
}

/** The fields of a template, those that no text separates together. */
function groupsOf(template: Template): readonly Group[] {
  const groups: Group[] = []
  let fields: readonly string[] = []
  for (let index = 1; index < template.length; index += 2) {
    fields = [...fields, template[index] ?? '']
    const end = template[index + 1] ?? ''
    if (end === '' && index + 2 < template.length) continue
    groups.push({ fields, end })
    fields = []
  }
  return groups
}
