import type { LoggedIn } from './login.ts'
import { ConnectionLost } from './session.ts'

/** A session that was kept for longer is asked whether it still stands. */
const freshMs = 5_000
/** How long it may take for that, and to make a used session clean. */
const mostMs = 1_000

/** Whether a session that was kept for so long can still be used. */
export async function stands({ session }: LoggedIn, keptMs: number): Promise<boolean> {
  if (keptMs < freshMs) return true
  const timer = setTimeout(() => session.destroy(new ConnectionLost('it did not answer')), mostMs)
  return session
    .exchange(connection => connection.sync())
    .then(
      ({ status }) => status === 'I',
      () => false,
    )
    .finally(() => clearTimeout(timer))
}

/** Waits until nothing of the last call is left in a session. */
export async function becomeClean({ session, cancel }: LoggedIn): Promise<void> {
  const timer = setTimeout(() => {
    session.destroy(new ConnectionLost('it did not become clean in time'))
    cancel().catch(() => {})
  }, mostMs)
  await (session.isDirty ? session.clean() : session.cleaned).finally(() => clearTimeout(timer))
}
