import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Called } from '../test/support/serving.ts'
import type { Agent } from './agent.ts'
import type { Claims } from './tally.ts'

/** What is in the database and outside of the tool's scope. */
export const hidden = 'ann@example.com'

/** One query as it went: what was asked, what the agent got, what had to hold. */
export interface Query {
  readonly asked: string
  readonly got: string
  readonly claims: Claims
}

/** Makes a database in a file, and gives the lines of its tool for the configuration. */
export function createDatabase(folder: string): string {
  const database = new DatabaseSync(join(folder, 'shop.db'))
  database.exec(`
    create table customers (id integer primary key, country text, email text);
    create table invoices (id integer primary key, customer_id integer, total real);
    insert into customers values (1, 'NL', '${hidden}'), (2, 'DE', '${hidden}');
    insert into invoices values (10, 1, 12.5), (11, 2, 99);
  `)
  database.close()
  return `  books:
    kind: db
    description: Invoices of the shop
    url: sqlite:./shop.db
    tables: { invoices: "*", customers: [id, country] }
`
}

const queries: readonly (readonly [sql: string, claim: string, held: (called: Called) => boolean])[] = [
  [
    'select c.country, sum(i.total) from invoices i join customers c on c.id = i.customer_id group by 1',
    'the allowed query gave rows',
    ({ structured }) => structured['row_count'] === 2,
  ],
  [
    'select * from customers',
    'every column is every listed column',
    ({ structured }) => JSON.stringify(structured['rows']) === '[[1,"NL"],[2,"DE"]]',
  ],
  [
    "select * from customers c join (select 'x' as email) using (email)",
    'a column that is not listed cannot be joined by',
    ({ isError }) => isError,
  ],
  ['select email from customers', 'a column that is not listed was refused', ({ isError }) => isError],
  ['delete from invoices', 'a write was refused', ({ structured }) => structured['code'] === 'not_allowed'],
]

/** Has the agent ask the database, inside of its scope and outside. */
export async function askDatabase(agent: Agent): Promise<readonly Query[]> {
  const asked: Query[] = []
  for (const [sql, claim, held] of queries) {
    const called = await agent.call('books_db_query', { sql })
    const claims = { [claim]: held(called), [`nothing hidden in: ${sql}`]: !called.raw.includes(hidden) }
    asked.push({ asked: sql, got: gotten(called), claims })
  }
  return asked
}

/** Has what an agent got as one line. */
function gotten({ structured, text }: Called): string {
  const { code, problems, error, rows } = structured as {
    readonly code?: string
    readonly problems?: readonly string[]
    readonly error?: { readonly message: string }
    readonly rows?: unknown
  }
  if (code !== undefined) return `refused: ${code}. ${problems?.join(' ') ?? ''}`
  return error === undefined ? JSON.stringify(rows ?? text) : error.message
}
