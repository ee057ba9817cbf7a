import { createConnection, type Connection } from 'mysql2/promise'
import { judgeMysql } from '../../../tools/db/mysql/judge.ts'
import { openMysql } from '../../../tools/db/mysql/open.ts'
import { provisionMysql } from '../../../tools/db/mysql/provision.ts'
import { scopeOf } from '../../../tools/db/scope.ts'
import { startMariadb } from '../../support/database-server.ts'
import { dbLimits, dbTarget, passwordOf } from '../../support/db-executor.ts'
import { attacks } from '../../tools/db/mysql/attacks.ts'
import { fixtureSql, marker, target as written } from '../../tools/db/mysql/fixture.ts'
import { type Ground, password, throughEngine } from './layers.ts'

const untouched = [
  'shop.orders',
  'shop.customers',
  'shop.people',
  'shop.secrets',
  'other.vault',
  'other.orders',
  'shop.`odd name`',
]

/** Sets the fixture up in a server of its own, with a user as `tool provision` makes it. */
export async function mysqlGround(): Promise<Ground> {
  const server = await startMariadb()
  const url = `mysql://127.0.0.1:${server.port}/shop`
  const address = { host: '127.0.0.1', port: server.port, user: 'root', password: 'root', charset: 'utf8mb4' }
  const root = await createConnection({ ...address, rowsAsArray: true, dateStrings: true })
  for (const sql of fixtureSql) await root.query(sql)
  await root.query('USE shop')
  await root.query('SET SESSION max_statement_time = 3')
  const target = dbTarget({ ...written, url })
  const scope = scopeOf(target)
  const script = provisionMysql(scope, { role: 'agent', database: 'shop' }).replaceAll(/^--.*$/gm, '')
  for (const sql of script.split(/;\s*$/m).filter(text => text.trim() !== '')) await root.query(sql)
  await root.query(`ALTER USER 'agent'@'%' IDENTIFIED BY '${password}' ACCOUNT UNLOCK`)
  const limits = dbLimits({ timeoutMs: 3_000 })
  const powerful = dbTarget({ ...written, url, unsafe_allow_privileged_role: true })
  const ways = {
    exact: { executor: await openMysql(target, limits), credential: passwordOf('agent', password) },
    powerful: { executor: await openMysql(powerful, limits), credential: passwordOf('root', 'root') },
  }
  const sums = untouched.map(table => `CHECKSUM TABLE ${table}`)
  const catalogue =
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('shop', 'other') ORDER BY 1, 2"
  const watch = await createConnection({ ...address, rowsAsArray: true })
  return {
    url,
    attacks,
    judge: await judgeMysql(scope),
    ...ways,
    alone: (sql, params) => throughEngine(ways.exact, sql, params),
    plainly: (sql, params) => undone(root, sql, params),
    shows: answer => answer.includes(marker),
    async state() {
      const results = []
      for (const sql of [...sums, catalogue, 'SELECT user, host FROM mysql.global_priv ORDER BY 1, 2'])
        results.push((await watch.query(sql))[0])
      return JSON.stringify(results)
    },
    async stop() {
      await Promise.all(Object.values(ways).map(({ executor }) => executor.close()))
      await Promise.all([root.end(), watch.end()])
      await server.stop()
    },
  }
}

async function undone(root: Connection, sql: string, params: readonly unknown[]): Promise<string> {
  await root.query('START TRANSACTION')
  try {
    const [rows] = await root.execute(sql, [...params] as never)
    return JSON.stringify(rows)
  } catch (error) {
    return (error as Error).message
  } finally {
    await root.query('ROLLBACK')
  }
}
