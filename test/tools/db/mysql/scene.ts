import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Execution, Executor } from '../../../../src/kind.ts'
import type { LeasedCredential } from '../../../../src/leased.ts'
import { Refusal } from '../../../../src/refusal.ts'
import { type Database, databases } from '../../../support/databases.ts'
import { ask, dbLimits, passwordOf, rawQuery } from '../../../support/db-executor.ts'

/** Of the user that tools log in as. */
export const password = 'correct horse battery'
export const login = passwordOf('agent', password)

/** Limits of a call that is over soon. */
export const short = dbLimits({ timeoutMs: 700 })

/** A tool that may write to its one table. */
export const write = { access: 'write', tables: { orders: { columns: '*', write: ['insert', 'update', 'delete'] } } }

/** A server with these tables, where the tools' user may do much more than a scope: what stops a statement is not the role. */
export async function engineDatabase(...statements: readonly string[]): Promise<Database> {
  const database = await databases.MariaDB()
  await database.admin(
    'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(40) NOT NULL, total DECIMAL(10,2))',
    "INSERT INTO orders (customer, total) SELECT CONCAT('c', seq % 3), seq FROM seq_1_to_12",
    'CREATE FUNCTION writes() RETURNS INT BEGIN INSERT INTO orders (customer) VALUES (1); RETURN 1; END',
    ...statements,
  )
  await database.setPassword('agent', password)
  await database.admin(
    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, EXECUTE, LOCK TABLES, CREATE TEMPORARY TABLES ON shop.* TO 'agent'@'%'",
  )
  return database
}

/** A server with twenty orders, for tests of what goes wrong. */
export async function troubleDatabase(): Promise<Database> {
  const database = await databases.MariaDB()
  await database.admin(
    'CREATE TABLE orders (id INT PRIMARY KEY, total INT)',
    'INSERT INTO orders SELECT seq, seq FROM seq_1_to_20',
  )
  await database.setPassword('agent', password)
  await database.admin("GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO 'agent'@'%'")
  return database
}

/** Checks that an executor gives the twenty orders. */
export async function works(executor: Executor, credential: LeasedCredential = login): Promise<void> {
  const { answer } = await ask(executor, rawQuery('SELECT COUNT(*) FROM orders'), credential)
  assert.deepEqual(answer['rows'], [['20']])
}

/** The refusal, and that it came in time. */
export async function refusalOf(asked: Promise<Execution>, timeoutMs: number): Promise<Refusal> {
  const began = performance.now()
  const error = await asked.then(
    execution => assert.fail(JSON.stringify(execution.answer)),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Refusal, inspect(error))
  assert.ok(performance.now() - began < timeoutMs + 1_000)
  return error
}

/** The error in an answer. */
export function errorOf({ answer }: Execution) {
  return answer['error'] as { code: string; message: string; near?: string } | undefined
}

/** The code of the refusal, or of the error in the answer. */
export async function outcome(asked: Promise<Execution>): Promise<string> {
  try {
    const error = errorOf(await asked)
    return error === undefined ? 'answered' : `error ${error.code}`
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return error.code
  }
}

/** Waits until something is so; five seconds at the most. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, 'did not happen in time')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
