import type { Login } from '../login.ts'
import type { DbTarget } from '../target.ts'
import { Connection } from './connection.ts'
import { logIn } from './login.ts'
import { Lost } from './sql-failure.ts'
import type { Progress } from './statement.ts'

/** How long ending a statement may take until its connection is given up; well under the second that a call may be late. */
const killMs = 600

/** How long a commit that was sent is waited for after the deadline. */
const commitMs = 500

/**
 * Does something on a connection until the signal aborts: then the server is told to end the statement, over a second connection
 * as the first one is not read, and the first is closed.
 */
export async function untilAborted<T>(
  connection: Connection,
  work: () => Promise<T>,
  {
    target,
    login,
    signal,
    progress,
  }: {
    readonly target: DbTarget
    readonly login: Login
    readonly signal: AbortSignal
    readonly progress: Progress
  },
): Promise<T> {
  let timer: NodeJS.Timeout | null = null
  const stop = () => {
    // What is being committed cannot be taken back; its answer says what has become of it.
    timer = setTimeout(() => connection.destroy(), progress.isCommitting ? commitMs : killMs)
    if (!progress.isCommitting) void killStatement(connection, target, login).finally(() => connection.destroy())
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await work()
  } finally {
    signal.removeEventListener('abort', stop)
    if (timer !== null) clearTimeout(timer)
    // A KILL that is under way could hit what the connection does next.
    if (timer !== null && !progress.isCommitting) connection.destroy()
  }
}

async function killStatement(running: Connection, target: DbTarget, login: Login): Promise<void> {
  const time = {
    remainingMs: killMs,
    signal: AbortSignal.timeout(killMs),
    ...(running.address === undefined ? {} : { address: running.address }),
  }
  const killer = await logIn(target, login, time).then(
    loggedIn => new Connection(loggedIn),
    () => null, // the server ends the statement by itself once it notices that nobody reads
  )
  if (killer === null) return
  const timer = setTimeout(() => killer.destroy(), killMs)
  await killer.command(`KILL QUERY ${Math.trunc(running.threadId)}`).catch((error: unknown) => {
    if (!(error instanceof Lost)) return // it has ended already
  })
  clearTimeout(timer)
  killer.destroy()
}
