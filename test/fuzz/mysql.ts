import { createConnection } from 'mysql2/promise'
import { mysqlGround } from '../security/db/mysql-ground.ts'
import { fixtureSql } from '../tools/db/mysql/fixture.ts'
import { legitimate } from '../tools/db/mysql/legitimate.ts'
import { password, unguessed } from '../security/db/layers.ts'
import type { Subject } from './fuzz.ts'
import { namesIn, short } from './mutate.ts'

/** Access denied: to a database, a user, a table, a column, a routine; or for want of a privilege. */
const denials = new Set([1044, 1045, 1142, 1143, 1227, 1370])

/** MariaDB, which refuses the role of exactly the scope what is beyond; then the answer to one with every right is searched. */
export async function mysqlSubject(): Promise<Subject> {
  const ground = await mysqlGround()
  const address = { host: '127.0.0.1', port: Number(new URL(ground.url).port), database: 'shop' }
  const agent = await createConnection({ ...address, user: 'agent', password, rowsAsArray: true })
  await agent.query('SET SESSION max_statement_time = 0.3')
  return {
    name: 'MariaDB',
    material: { honest: short(legitimate), hostile: short(ground.attacks), names: namesIn(fixtureSql.join('\n')) },
    judge: ground.judge,
    async account(sql, text, parameters) {
      const values = Array.from({ length: parameters }, () => null)
      await agent.query('START TRANSACTION')
      try {
        await agent.execute(text, values)
      } catch (error) {
        const { errno = 0, message } = error as { readonly errno?: number; readonly message: string }
        // MariaDB forgets a WITH around a WITH and looks for a table of its name; there is none of the names that we give.
        if (denials.has(errno) && !message.includes('`keyhold cte')) return `denied: ${message}`
      } finally {
        await agent.query('ROLLBACK')
        agent.unprepare(text)
      }
      const shown = unguessed(await ground.plainly(text, values), sql)
      return ground.shows(shown) ? `shows ${shown.slice(0, 300)}` : null
    },
    async close() {
      await agent.end()
      await ground.stop()
    },
  }
}
