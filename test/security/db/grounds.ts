import type { Ground } from './layers.ts'
import { mysqlGround } from './mysql-ground.ts'
import { postgresGround } from './postgres-ground.ts'
import { sqliteGround } from './sqlite-ground.ts'

/** What opens the ground of each system, by the name that is shown. */
export const grounds: Readonly<Record<'PostgreSQL' | 'MariaDB' | 'SQLite', () => Promise<Ground>>> = {
  PostgreSQL: postgresGround,
  MariaDB: mysqlGround,
  SQLite: sqliteGround,
}
