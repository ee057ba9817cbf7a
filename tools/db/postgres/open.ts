import type { ExecuteContext, Execution, Executor, Limits } from '../../../src/kind.ts'
import { ConnectFailed } from '../../../src/net/connect-failed.ts'
import { Refusal } from '../../../src/refusal.ts'
import { type Trust, trustOf } from '../dial.ts'
import { createLogins, type Login } from '../login.ts'
import { type Lent, Pool } from '../pool.ts'
import { withMissing } from '../findings.ts'
import { DbRequest } from '../request.ts'
import { type Scope, scopeOf } from '../scope.ts'
import type { DbTarget } from '../target.ts'
import { describeTables } from './describe.ts'
import { becomeClean, stands } from './kept.ts'
import { type LoggedIn, logIn } from './login.ts'
import { read } from './read.ts'
import { inspect, refuseRole } from './role.ts'
import { ConnectionLost, TooMuch } from './session.ts'
import { TypeNames } from './type-names.ts'
import { refuseOther, type Work } from './work.ts'
import { write } from './write.ts'

/** How long a commit that was sent may still be waited for when the time of the call is over. */
const commitGraceMs = 500

/** How long a session stays open without being used. */
const idleMs = 30_000

type Sessions = Pool<Login, LoggedIn>

/** Opens the worker's side of a tool at a PostgreSQL server. Nothing is connected before the first call. */
export async function openPostgres(target: DbTarget, _limits: Limits): Promise<Executor> {
  const scope = scopeOf(target)
  const types = new TypeNames()
  const pool: Sessions = new Pool({
    size: target.limits.connections,
    idleMs,
    same: (one, other) => one === other,
    clean: becomeClean,
    stands,
    isAlive: ({ session }) => !session.ended,
    end: ({ session }) => session.end(),
  })
  const loginOf = createLogins()
  const trusts = new WeakMap<Login, Promise<Trust | null>>()

  async function opened(login: Login, context: ExecuteContext): Promise<LoggedIn> {
    const made = trusts.get(login) ?? trustOf(target, login.others)
    trusts.set(login, made)
    const trust = await made.catch((error: unknown) => {
      trusts.delete(login) // the next one tries again
      throw error
    })
    return logIn(target, { credential: login.credential, trust }, context.remainingMs(), context.signal)
  }

  return {
    async execute(input, context) {
      const request = DbRequest.parse(input)
      if (request.type === 'query') refuseOther(request, target)
      const began = performance.now()
      const stage = { committing: false }
      try {
        const login = loginOf(context)
        const lend = () => pool.lend(login, () => opened(login, context), context.signal)
        return await withSession(pool, lend, context, stage, session => {
          const committing = (isCommitting: boolean) => void (stage.committing = isCommitting)
          return carryOut(request, { session, target, types, context, began, committing }, login, scope)
        })
      } catch (error) {
        throw refusalOf(error, stage.committing, context.signal)
      } finally {
        context.upstreamTook(performance.now() - began)
      }
    },
    async close() {
      pool.close()
    },
  }
}

async function carryOut(request: DbRequest, work: Work, login: Login, scope: Scope): Promise<Execution> {
  if (request.type === 'inspect')
    return withMissing(await inspect(work, scope), await describeTables(work, scope), scope)
  if (!login.isChecked) {
    await refuseRole(work, scope)
    login.isChecked = true
  }
  if (request.type === 'describe') return describeTables(work, scope)
  return request.action === 'SELECT' ? read(work, request) : write(work, request)
}

/**
 * Lends a session for a piece of work. When the connection turns out to be lost, as after a restart of the server, the work
 * is begun once more on a new one: without a commit nothing was done.
 */
async function withSession(
  pool: Sessions,
  lend: () => Promise<Lent<LoggedIn>>,
  context: ExecuteContext,
  stage: { readonly committing: boolean },
  work: (session: LoggedIn['session']) => Promise<Execution>,
): Promise<Execution> {
  for (let isAgain = false; ; isAgain = true) {
    const lent = await lend()
    const release = endWith(lent.connection, context.signal, stage)
    try {
      return await work(lent.connection.session)
    } catch (error) {
      const isWorthAnother = error instanceof ConnectionLost && !stage.committing && !context.signal.aborted
      if (isAgain || !isWorthAnother) throw error
      pool.distrust()
    } finally {
      release()
      lent.release()
    }
  }
}

/** Ends what a session does when a call is over: at the server too, which would not notice for as long as it only computes. */
function endWith(
  { session, cancel }: LoggedIn,
  signal: AbortSignal,
  stage: { readonly committing: boolean },
): () => void {
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    session.destroy(new ConnectionLost('the call is over'))
    cancel().catch(() => {})
  }
  const onAbort = () => {
    if (stage.committing) timer = setTimeout(end, commitGraceMs)
    else end()
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function refusalOf(error: unknown, isCommitting: boolean, signal: AbortSignal): unknown {
  if (isCommitting) return new Refusal('outcome_unknown', 'the commit was not answered', { cause: error })
  if (error instanceof Refusal) return error
  if (signal.aborted) {
    const { reason } = signal as { readonly reason: unknown }
    return reason instanceof Refusal ? reason : new Refusal('target_timeout', 'the deadline passed', { cause: error })
  }
  if (error instanceof ConnectFailed) return new Refusal('target_unreachable', error.message, { cause: error })
  if (error instanceof TooMuch) return new Refusal('response_too_large', error.message)
  if (error instanceof ConnectionLost) {
    const said = error.sqlState === null ? '' : ` (${error.sqlState})`
    return new Refusal('target_unreachable', `${error.message}${said}`, { cause: error })
  }
  return error
}
