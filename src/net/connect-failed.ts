/** At what a connection failed. */
export type ConnectFailure = 'address' | 'dns' | 'refused' | 'timeout' | 'tls' | 'proxy'

/**
 * A connection that was never made: nothing of the request has left. The message is for the admin's record and quotes
 * nothing that the other side said; that is in the cause at most.
 */
export class ConnectFailed extends Error {
  readonly reason: ConnectFailure

  constructor(reason: ConnectFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ConnectFailed'
    this.reason = reason
  }
}

/** The code of a system's or of OpenSSL's error, in parentheses, for a message; empty when it has none. */
export function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,80}$/.test(code) ? ` (${code})` : ''
}
