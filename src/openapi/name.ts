const maxLength = 40

/**
 * The name of an operation in a configuration: its operationId in snake case (`issues/list` and `listIssues` become
 * `issues_list` and `list_issues`), else its method and path.
 */
export function operationName(operationId: string, method: string, path: string): string {
  const fromId = snakeCase(operationId)
  if (/^[a-z]/.test(fromId) && fromId !== 'call_api') return fromId
  return snakeCase(`${method.toLowerCase()}_${path}`)
}

/** Words of a-z and 0-9 joined by `_`; whole words are left out where it would become too long. */
export function snakeCase(text: string): string {
  const words = text
    .slice(0, 1_000)
    .normalize('NFKD')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
  const fitting = words.reduce((name, word) => {
    const longer = name === '' ? word : `${name}_${word}`
    return longer.length <= maxLength ? longer : name
  }, '')
  return fitting === '' ? (words[0] ?? '').slice(0, maxLength) : fitting
}
