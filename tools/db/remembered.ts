import type { Judge, Judged } from './judge.ts'

/** How many statements are remembered, and up to how many characters of each. */
const most = 64
const longest = 4_096

/**
 * Gives a judge that does not judge a statement twice: agents ask the same again with other params. What was refused is not
 * remembered.
 */
export function remembered(judge: Judge): Judge {
  const known = new Map<string, Judged>()
  return sql => {
    const before = known.get(sql)
    if (before !== undefined) return before
    const judged = Object.freeze(judge(sql))
    if (sql.length <= longest) {
      known.set(sql, judged)
      const [oldest] = known.keys()
      if (known.size > most && oldest !== undefined) known.delete(oldest)
    }
    return judged
  }
}
