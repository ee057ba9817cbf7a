import type { Subject } from './fuzz.ts'
import { mysqlSubject } from './mysql.ts'
import { postgresSubject } from './postgres.ts'
import { sqliteSubject } from './sqlite.ts'

/** What opens each system for fuzzing, by the name that is shown. */
export const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  PostgreSQL: postgresSubject,
  MariaDB: mysqlSubject,
  SQLite: sqliteSubject,
}
