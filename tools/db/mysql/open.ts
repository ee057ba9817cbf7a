import type { ExecuteContext, Execution, Executor, Limits } from '../../../src/kind.ts'
import { createLogins, type Login } from '../login.ts'
import { Pool } from '../pool.ts'
import { withMissing } from '../findings.ts'
import { DbRequest } from '../request.ts'
import { scopeOf } from '../scope.ts'
import type { DbTarget } from '../target.ts'
import { Connection, usualBytes } from './connection.ts'
import { describe } from './describe.ts'
import { refusalOf } from './failure.ts'
import { logIn } from './login.ts'
import { inspect, refuseRole } from './role.ts'
import { clean, settingRefusal, settle } from './session.ts'
import { Lost } from './sql-failure.ts'
import { carryOut, type Progress } from './statement.ts'
import { untilAborted } from './stop.ts'
import { createUndoCheck } from './undo-check.ts'

/** How long a connection stays open without being used. */
const idleMs = 60_000

/** Opens the worker's side of a tool at MySQL or MariaDB: a few connections, a clean session for each call. */
export async function openMysql(target: DbTarget, _limits: Limits): Promise<Executor> {
  const scope = scopeOf(target)
  const loginOf = createLogins()
  const checkUndo = createUndoCheck(scope)
  const pool = new Pool<Login, Connection>({
    size: target.limits.connections,
    idleMs,
    same: (one, other) => one === other,
    clean: connection => clean(connection, target),
    isAlive: connection => connection.isAlive,
    end: connection => connection.destroy(),
  })

  async function opened(login: Login, context: ExecuteContext): Promise<Connection> {
    const time = { remainingMs: context.remainingMs(), signal: context.signal }
    const connection = new Connection(await logIn(target, login, time))
    connection.whenLost(() => pool.forget(connection))
    const none = { isSent: false, isCommitting: false }
    try {
      const { signal } = context
      await untilAborted(connection, () => settle(connection, target), { target, login, signal, progress: none })
    } catch (error) {
      connection.destroy()
      throw settingRefusal(error)
    }
    return connection
  }

  /** Carries out a request on one connection; gives it back in any case. */
  async function attempt(request: DbRequest, context: ExecuteContext, progress: Progress): Promise<Execution> {
    const { signal } = context
    const login = loginOf(context)
    const lent = await pool.lend(login, () => opened(login, context), signal)
    const { connection } = lent
    connection.limitBytes(usualBytes)
    const work = async (): Promise<Execution> => {
      if (request.type === 'inspect')
        return withMissing(await inspect(connection, scope, target), await describe(connection, scope), scope)
      await refuseRole(connection, login, { scope, target }, context)
      if (request.type === 'describe') return await describe(connection, scope)
      if (request.action !== 'SELECT') await checkUndo(connection)
      return await carryOut(connection, request, target, context, progress)
    }
    try {
      return await untilAborted(connection, work, { target, login, signal, progress })
    } finally {
      lent.release()
    }
  }

  return {
    async execute(input, context) {
      const request = DbRequest.parse(input)
      const started = performance.now()
      const progress: Progress = { isSent: false, isCommitting: false }
      try {
        return await attempt(request, context, progress).catch((error: unknown) => {
          const reads = request.type !== 'query' || request.action === 'SELECT'
          if (!(error instanceof Lost) || context.signal.aborted || !(reads || !progress.isSent)) throw error
          // A connection that was kept may have been lost long ago; a fresh one says whether the server is there.
          pool.distrust()
          return attempt(request, context, progress)
        })
      } catch (error) {
        throw refusalOf(error, progress, context.signal)
      } finally {
        context.upstreamTook(performance.now() - started)
      }
    },
    async close() {
      pool.close()
    },
  }
}
