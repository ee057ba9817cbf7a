import { DatabaseSync } from 'node:sqlite'
import { Refusal } from '../../../../src/refusal.ts'
import { type Judge, OutOfScope } from '../../../../tools/db/judge.ts'
import { type Scope, scopeOf } from '../../../../tools/db/scope.ts'
import { judgeSqlite } from '../../../../tools/db/sqlite/judge.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { fixture, tables } from './fixture.ts'

/** The scope of the fixture, or of what else an admin has written. */
export function scopeWith(written: Record<string, unknown> = {}): Scope {
  return scopeOf(dbTarget({ url: 'sqlite:shop.db', access: 'write', tables, ...written }))
}

/** The judge of the fixture, or of what else an admin has written. */
export function judgeWith(written: Record<string, unknown> = {}): Promise<Judge> {
  return judgeSqlite(scopeWith(written))
}

/** The text that a judge gives, or how it refuses. */
export function verdictOf(judge: Judge, sql: string): string {
  try {
    return judge(sql).text
  } catch (error) {
    if (error instanceof OutOfScope) return 'not_allowed'
    if (error instanceof Refusal) return error.code
    throw error
  }
}

/** A database with what the fixture has in it, and nothing that would keep a statement from reading all of it. */
export function openFixture(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { enableDoubleQuotedStringLiterals: true })
  database.exec(fixture)
  return database
}

/** The rows of a statement, or what SQLite says instead; whatever it does is undone. */
export function outcomeOf(database: DatabaseSync, text: string): string {
  database.exec('BEGIN')
  try {
    return JSON.stringify(database.prepare(text).all())
  } catch (error) {
    return (error as Error).message
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}
