/** A table as an admin names it: the schema (in MySQL the database) is null where it is left out. */
export interface TableName {
  readonly schema: string | null
  readonly name: string
}

const part = /^(?:"((?:[^"\p{Cc}]|"")+)"|([A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*))/u

/**
 * Reads `orders`, `sales.orders` or `"odd.name"`. The names are those of the catalogue, exactly: nothing is folded.
 *
 * @throws Error with a sentence for the admin
 */
export function parseTableName(text: string): TableName {
  const names: string[] = []
  let rest = text
  for (;;) {
    const match = part.exec(rest)
    if (match === null) throw new Error('a table is named as orders, sales.orders or "odd name"')
    names.push(match[1]?.replaceAll('""', '"') ?? (match[2] as string))
    rest = rest.slice(match[0].length)
    if (rest === '') break
    if (!rest.startsWith('.') || names.length === 2) throw new Error('a table is named as orders or sales.orders')
    rest = rest.slice(1)
  }
  const name = names.pop() as string
  return { schema: names[0] ?? null, name }
}
