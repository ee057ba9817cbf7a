import { closeSync, existsSync, futimesSync, openSync, unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'

/** How often a gate looks whether a credential was changed, in milliseconds. */
const intervalMs = 1_000

/** An empty file whose time says when a command last changed what credentials are read from. */
function changesFile(stateDir: string): string {
  return join(stateDir, 'credentials.changed')
}

/** Tells every running gate of this installation that values have changed; they let go of their leases within a second or two. */
export function announceChange(stateDir: string, now: Date): void {
  if (!existsSync(stateDir)) return // no gate has run here
  const file = openSync(changesFile(stateDir), 'a', 0o600)
  try {
    futimesSync(file, now, now)
  } finally {
    closeSync(file)
  }
}

/**
 * Hears of changes that commands announce. The process may end without stopping this.
 *
 * @returns stops it
 */
export function onChange(stateDir: string, listener: () => void): () => void {
  // Looked at by name, once a second: other ways to watch a file miss it on network file systems and when it is made later.
  const file = changesFile(stateDir)
  const heard = (now: { readonly mtimeMs: number }, before: { readonly mtimeMs: number }) => {
    if (now.mtimeMs !== before.mtimeMs) listener()
  }
  watchFile(file, { interval: intervalMs, persistent: false }, heard)
  return () => unwatchFile(file, heard)
}
