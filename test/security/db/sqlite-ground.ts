import { DatabaseSync } from 'node:sqlite'
import { scopeOf } from '../../../tools/db/scope.ts'
import { judgeSqlite } from '../../../tools/db/sqlite/judge.ts'
import { openSqlite } from '../../../tools/db/sqlite/open.ts'
import { databases } from '../../support/databases.ts'
import { dbLimits, dbTarget } from '../../support/db-executor.ts'
import { attacks } from '../../tools/db/sqlite/attacks.ts'
import { fixture, secretMarker, tables } from '../../tools/db/sqlite/fixture.ts'
import { type Ground, throughEngine } from './layers.ts'

const untouched = ['orders', 'customers', 'people', 'secrets', 'no_rowid', '"odd ""name"', 'sqlite_master']

/** Sets the fixture up in a file. There are no roles: whoever opens the file can read all of it. */
export async function sqliteGround(): Promise<Ground> {
  const database = await databases.SQLite()
  await database.admin(fixture)
  const target = dbTarget({ url: database.url, access: 'write', tables })
  const scope = scopeOf(target)
  const way = { executor: await openSqlite(target, dbLimits({ timeoutMs: 3_000 })), credential: null }
  const file = new DatabaseSync(database.url.slice('sqlite:'.length))
  return {
    url: database.url,
    attacks,
    judge: await judgeSqlite(scope),
    exact: way,
    powerful: way,
    alone: (sql, params) => throughEngine(way, sql, params),
    async plainly(sql, params) {
      file.exec('BEGIN')
      try {
        return JSON.stringify(file.prepare(sql).all(...(params as never[])))
      } catch (error) {
        return (error as Error).message
      } finally {
        file.exec('ROLLBACK')
      }
    },
    shows: answer => answer.includes(secretMarker),
    async state() {
      return JSON.stringify(untouched.map(table => file.prepare(`SELECT * FROM ${table}`).all()))
    },
    async stop() {
      await way.executor.close()
      file.close()
      await database.stop()
    },
  }
}
