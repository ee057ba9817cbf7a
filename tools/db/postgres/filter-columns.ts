/** Words of an expression that are no columns. */
const keywords: ReadonlySet<string> = new Set(
  `all and any array as asc at between both by case cast coalesce collate cross current_catalog current_date current_role
  current_schema current_time current_timestamp current_user desc distinct else end escape except exists extract false fetch
  filter first following for from full group having ilike in inner intersect interval is isnull join last lateral leading left
  like limit localtime localtimestamp natural not notnull null nulls offset on only or order outer over overlaps partition
  preceding range right row rows select session_user similar some symmetric table then to trailing true unbounded union unique
  user using values when where window with within zone date time timestamp`.split(/\s+/),
)

/**
 * Names the columns that a filter of rows seems to read: its words that are no keywords, functions or types. What this is
 * used for is advice, never a decision about what an agent may read.
 */
export function filterColumns(filter: string): readonly string[] {
  const bare = filter
    .replaceAll(/'(?:[^']|'')*'/g, ' ')
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/::\s*[\w".]+/g, ' ')
  const found = bare.matchAll(/(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))(\s*[(.])?/gu)
  const names = [...found].flatMap(([, quoted, plain = '', follows]) => {
    if (follows !== undefined) return []
    if (quoted !== undefined) return [quoted.replaceAll('""', '"')]
    const folded = plain.toLowerCase()
    return keywords.has(folded) ? [] : [folded]
  })
  return [...new Set(names)]
}
