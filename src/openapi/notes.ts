/** Most notes that are shown. */
const maxNotes = 200

/** Collects what was not taken over, each thing once with the operations that it is about. */
export interface Notes {
  /** @param operation null when it is about the whole document */
  add(text: string, operation: string | null): void
  lines(): readonly string[]
}

/** Makes an empty collection of notes. */
export function createNotes(): Notes {
  const found = new Map<string, string[]>()
  return {
    add(text, operation) {
      const operations = found.get(text) ?? []
      if (operation !== null && !operations.includes(operation)) operations.push(operation)
      found.set(text, operations)
    },
    lines() {
      const lines = [...found].map(([text, operations]) =>
        operations.length === 0 ? text : `${names(operations)}: ${text}`,
      )
      const more = lines.length - maxNotes
      return more > 0 ? [...lines.slice(0, maxNotes), `and ${more} more`] : lines
    },
  }
}

function names(operations: readonly string[]): string {
  const more = operations.length - 5
  return more > 0 ? `${operations.slice(0, 5).join(', ')} and ${more} more` : operations.join(', ')
}
