import { constants, DatabaseSync } from 'node:sqlite'
import { sqliteGround } from '../security/db/sqlite-ground.ts'
import { fixture } from '../tools/db/sqlite/fixture.ts'
import { queries } from '../tools/db/sqlite/legitimate.ts'
import type { Subject } from './fuzz.ts'
import { namesIn, short } from './mutate.ts'

/** The columns that statements of the scope may read, those of the condition on rows included; null for all. */
const inside: Readonly<Record<string, readonly string[] | null>> = {
  orders: null,
  customers: ['id', 'country', 'created_at'],
  people: ['id', 'name', 'country'],
  notes: ['id', 'title', 'body'],
  tags: null,
  order_totals: null,
  no_rowid: ['code', 'label'],
  'odd "name': ['a column', 'select', 'größe', '日本'],
  json_each: null,
  json_tree: null,
}

/**
 * SQLite, which asks an authorizer about every column, and whose program names the trees that it opens. Statements are not
 * carried out: nothing could end one that takes for ever.
 */
export async function sqliteSubject(): Promise<Subject> {
  const ground = await sqliteGround()
  const database = new DatabaseSync(ground.url.slice('sqlite:'.length), { readOnly: true })
  const trees = new Map(
    database
      .prepare('SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0')
      .all()
      .map(row => [row['rootpage'], String(row['tbl_name'])] as const),
  )
  return {
    name: 'SQLite',
    material: {
      honest: short(queries),
      hostile: short(ground.attacks),
      names: namesIn(fixture),
    },
    judge: ground.judge,
    async account(_sql, text) {
      let beyond: string | null = null
      database.setAuthorizer((action, table, column) => {
        if (action !== constants.SQLITE_READ) return constants.SQLITE_OK
        const isTable = table !== null && [...trees.values()].some(name => name.toLowerCase() === table.toLowerCase())
        const columns = inside[(table ?? '').toLowerCase()]
        const isInside = columns === null || columns?.includes((column ?? '').toLowerCase()) === true || column === ''
        // What has no tree is a WITH or a subquery of the statement.
        if (isTable && !isInside) beyond = `reads ${table}.${column}`
        return constants.SQLITE_OK
      })
      try {
        const program = database.prepare(`EXPLAIN ${text}`).all()
        const opened = program.filter(({ opcode, p3 }) => /^Open(?:Read|Write)$/.test(String(opcode)) && p3 === 0)
        const tables = opened.map(({ p2 }) => trees.get(Number(p2)) ?? `page ${Number(p2)}`)
        const strange = tables.find(name => inside[name.toLowerCase()] === undefined)
        return beyond ?? (strange === undefined ? null : `opens ${strange}`)
      } catch {
        return beyond
      } finally {
        database.setAuthorizer(null)
      }
    },
    async close() {
      database.close()
      await ground.stop()
    },
  }
}
