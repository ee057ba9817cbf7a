import { isIPv4 } from 'node:net'
import { unbracketed } from '../../src/net/address.ts'

/** The database systems that there is an engine for. MariaDB and MySQL are one. */
export type EngineName = 'postgres' | 'mysql' | 'sqlite'

/** Where a database is. */
export type Location =
  | {
      readonly engine: 'postgres' | 'mysql'
      /** Without brackets. */
      readonly host: string
      readonly port: number
      readonly database: string
      /** Whether the host is this machine, by its very name. */
      readonly isLoopback: boolean
    }
  | { readonly engine: 'sqlite'; readonly file: string }

const engines: Readonly<Record<string, { readonly engine: 'postgres' | 'mysql'; readonly port: number }>> = {
  'postgres:': { engine: 'postgres', port: 5432 },
  'postgresql:': { engine: 'postgres', port: 5432 },
  'mysql:': { engine: 'mysql', port: 3306 },
  'mariadb:': { engine: 'mysql', port: 3306 },
}

/**
 * Reads the URL of a database.
 *
 * @throws Error with a sentence for the admin, which repeats nothing of a URL that could hold a password
 */
export function parseLocation(text: string): Location {
  if (text.startsWith('sqlite:')) return { engine: 'sqlite', file: fileOf(text.slice('sqlite:'.length)) }
  const url = URL.parse(text)
  const found = url === null ? undefined : engines[url.protocol]
  if (url === null || found === undefined)
    throw new Error('not postgres://HOST/DATABASE, mysql://HOST/DATABASE or sqlite:FILE')
  if (url.username !== '' || url.password !== '')
    throw new Error('a URL here carries no user or password; use a credential of type password')
  if (url.search !== '' || url.hash !== '')
    throw new Error('must have no query and no fragment; TLS is under tls, and a unix socket under socket')
  const host = unbracketed(url.hostname)
  if (host === '') throw new Error('names no host; for a unix socket write localhost, and the path under socket')
  const database = /^\/([A-Za-z0-9_$-]{1,63})$/.exec(url.pathname)?.[1]
  if (database === undefined) throw new Error('names no database, such as postgres://db.internal/shop')
  return {
    engine: found.engine,
    host,
    port: url.port === '' ? found.port : Number(url.port),
    database,
    isLoopback: host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.')),
  }
}

/** SQLite itself would take a name with `file:` as a URI with options, and an empty one or `:memory:` as no file at all. */
function fileOf(path: string): string {
  const isOdd = path === '' || path.startsWith(':') || /^file:/i.test(path) || /[\p{Cc}?#]/u.test(path)
  if (isOdd) throw new Error('write sqlite: and the path of a file, such as sqlite:./shop.db')
  return path.startsWith('//') ? path.replace(/^\/+/, '/') : path
}
