import type { Frame } from './frame.ts'
import { identifier } from './names.ts'
import { list, type Tree, variant } from './tree.ts'

/** The names of what a SELECT list gives; null where one is not known for sure. */
export function resultColumns(items: readonly unknown[], frame: Frame): readonly string[] | null {
  const names: string[] = []
  for (const item of items) {
    const [kind, body] = variant(item)
    const [inner, content] = kind === 'UnnamedExpr' ? variant(body) : [kind, body]
    if (inner === 'ExprWithAlias') names.push(identifier((content as Tree)['alias']))
    else if (inner === 'Identifier') names.push(identifier(content))
    else if (inner === 'CompoundIdentifier') names.push(identifier(list(content).at(-1)))
    else if (inner === 'Wildcard' && frame.sources.every(({ columns }) => columns !== null))
      names.push(...frame.sources.flatMap(({ columns }) => columns ?? []))
    else return null
  }
  return names
}
