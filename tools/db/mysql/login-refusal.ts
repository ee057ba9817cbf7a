import { ConnectFailed } from '../../../src/net/connect-failed.ts'
import { CredentialRefused, Refusal } from '../../../src/refusal.ts'

/** Numbers of errors with which a server refuses the credential, and what is wrong with it. */
const credentialErrors: Readonly<Record<number, string>> = {
  1045: 'the server refuses the user or the password',
  1698: 'the server refuses the user',
  1251: 'the server wants another way of logging in',
  1275: 'the server wants another way of logging in',
  1524: 'the server has no plugin for this user',
  1820: 'the password has expired',
  1862: 'the password has expired',
  3118: 'the account is locked',
  3159: 'the server takes this user over TLS only',
  4151: 'the account is locked',
}

const busyErrors: ReadonlySet<unknown> = new Set([1040, 1203, 1226])

const otherErrors: Readonly<Record<number, string>> = {
  1044: 'the user may not use this database',
  1049: 'there is no such database',
  1129: 'the server has blocked this machine after many errors',
  1130: 'the server does not talk to this machine',
}

/** Says why there is no connection. Nothing that the server said is repeated. */
export function loginRefusal(error: unknown): Error {
  if (error instanceof Refusal || error instanceof ConnectFailed) return error
  const { errno, code } = error as { readonly errno?: number; readonly code?: string }
  const known = errno === undefined ? undefined : credentialErrors[errno]
  if (known !== undefined) return new CredentialRefused(`${known} (${errno})`)
  if (busyErrors.has(errno)) return new Refusal('busy', `the server takes no further connection (${errno})`)
  const other = errno === undefined ? undefined : otherErrors[errno]
  if (other !== undefined) return new Refusal('target_refused', `${other} (${errno})`)
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return new ConnectFailed('tls', 'the server has no TLS')
  if (code === 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED')
    return new Refusal('target_refused', 'the server wants the password itself, which is not sent')
  if (code === 'AUTH_SWITCH_PLUGIN_ERROR')
    return new Refusal('target_refused', 'the server wants a way of logging in that there is no support for')
  if (code === 'PROTOCOL_CONNECTION_LOST' || /^E[A-Z]+$/.test(code ?? ''))
    return new ConnectFailed('refused', 'the server closed the connection at the login')
  return new Refusal('target_refused', `the login failed (${typeof errno === 'number' ? errno : 'no number'})`)
}
