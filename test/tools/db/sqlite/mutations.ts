import { attacks } from './attacks.ts'
import type { Random } from '../../../support/random.ts'
import { queries, writes } from './legitimate.ts'

/** Names of what is there and of what is hidden, to stand where another name has been. */
const names = listed(`
  customers ¦ orders ¦ people ¦ notes ¦ tags ¦ secrets ¦ secret_view ¦ no_rowid ¦ order_totals ¦ documents ¦ id
  id ¦ country ¦ country ¦ email ¦ card ¦ secret ¦ pin ¦ internal ¦ hidden ¦ title ¦ body ¦ name ¦ customer_id
  total ¦ status ¦ rowid ¦ oid ¦ * ¦ "customers" ¦ 'secrets' ¦ [email] ¦ \`card\` ¦ "internal" ¦ main.customers
  main.secrets ¦ c.email ¦ customers.email ¦ notes.internal ¦ n.internal ¦ people.pin ¦ p.name ¦ excluded.internal
  c ¦ o ¦ n ¦ x ¦ count(*) ¦ max(email) ¦ sqlite_schema ¦ 'x' ¦ 1 ¦ NULL ¦ (SELECT email) ¦ (SELECT internal)
  (SELECT id FROM people) ¦ (SELECT e FROM x) ¦ (SELECT country FROM customers) ¦ (SELECT * FROM people)
  (customers NATURAL JOIN people) ¦ (customers JOIN people USING (id))
`)

/** Words before which something can be added. */
const clauses = new Set(
  'select from where group having order limit union except intersect join left natural on using as and or returning set'.split(
    ' ',
  ),
)

const additions = listed(`
  , customers ¦ , people ¦ NATURAL JOIN customers ¦ NATURAL JOIN people ¦ JOIN customers USING (id)
  LEFT JOIN people ON 1 ¦ JOIN people p ON p.id > 6 ¦ NATURAL JOIN secrets ¦ JOIN customers c USING (email)
  CROSS JOIN no_rowid ¦ , customers.* ¦ , email ¦ , people.* ¦ AS secrets ¦ AS customers ¦ AS x ¦ IN people
  NATURAL JOIN (SELECT 'S3CRET-a@example.com' AS email) ¦ NATURAL JOIN (SELECT 'S3CRET 1' AS pin) ¦ IN secrets
  WHERE EXISTS (SELECT 1 FROM people WHERE id = 7) ¦ WHERE id IN (SELECT id FROM people) ¦ WHERE country
  WHERE email ¦ AND id IN (SELECT id FROM people) ¦ OR EXISTS (SELECT 1 FROM customers WHERE country = 1)
  AND email LIKE 'S%' ¦ UNION ALL SELECT id FROM people ¦ EXCEPT SELECT id FROM people ¦ GROUP BY country
  ORDER BY country ¦ LIMIT 1 ¦ WITH secrets AS (SELECT 1 AS secret) ¦ WITH x AS (SELECT email AS e)
  WITH customers AS (SELECT * FROM people) ¦ WITH x AS (SELECT * FROM customers) ¦ WITH people AS (SELECT 1 AS id)
  RETURNING * ¦ RETURNING id ¦ -- ¦ /* ¦ ;
`)

const words = [
  ...names,
  ...additions,
  '(',
  ')',
  ',',
  '.',
  '=',
  '||',
  'NOT',
  'IS',
  'FROM',
  'SELECT',
  'WHERE',
  '*/',
  "'",
  '"',
]

const token = /\s+|[\p{L}_][\p{L}\p{N}_$]*|\d+|'[^']*'|"[^"]*"|[^]/gu

const seeds = [...queries, ...queries, ...queries, ...writes, ...writes, ...attacks]
  .map(({ sql }) => sql)
  .filter(sql => sql.length < 600)
  .map(sql => sql.match(token) ?? [])

/** Makes a statement of those that are known, changed in some places. */
export function mutated(random: Random): string {
  const tokens = [...random.pick(seeds)]
  const changes = 1 + random.below(3)
  for (let change = 0; change < changes; change++) mutate(tokens, random)
  return tokens.join('')
}

function mutate(tokens: string[], random: Random): void {
  const at = random.below(tokens.length + 1)
  switch (random.below(8)) {
    case 0:
      tokens.splice(at, 1)
      return
    case 1:
      tokens.splice(at, 0, ' ', random.pick(words), ' ')
      return
    case 2: {
      const other = random.pick(seeds)
      const start = random.below(other.length)
      tokens.splice(at, random.below(4), ...other.slice(start, start + 1 + random.below(12)))
      return
    }
    case 3: {
      const known = tokens.flatMap((text, index) => (clauses.has(text.toLowerCase()) ? [index] : []))
      if (known.length > 0) tokens.splice(random.pick(known), 0, random.pick(additions), ' ')
      return
    }
    default: {
      const named = tokens.flatMap((text, index) => (isName(text) ? [index] : []))
      if (named.length > 0) tokens.splice(random.pick(named), 1, random.pick(names))
    }
  }
}

function isName(text: string): boolean {
  return text === '*' || (/^[\p{Ll}_"]/u.test(text) && !clauses.has(text))
}

/** The parts of a text between bars or on lines of their own. */
function listed(text: string): readonly string[] {
  return text
    .split(/[¦\n]/)
    .map(part => part.trim())
    .filter(part => part !== '')
}
