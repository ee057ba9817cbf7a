/** The server's refusal of a statement. What it says is for nobody: it quotes data. */
export class SqlFailure extends Error {
  readonly errno: number
  /** SQLSTATE, as far as it is one. */
  readonly sqlState: string | null
  /** The server's own words, in which names are looked for; shown to nobody. */
  readonly #words: string

  constructor(error: unknown) {
    const errno = errnoOf(error) ?? 0
    super(`the server refused the statement (${errno})`)
    this.name = 'SqlFailure'
    this.errno = errno
    const { sqlState, sqlMessage } = error as { readonly sqlState?: unknown; readonly sqlMessage?: unknown }
    this.sqlState = typeof sqlState === 'string' && /^[0-9A-Z]{5}$/.test(sqlState) ? sqlState : null
    this.#words = typeof sqlMessage === 'string' ? sqlMessage.slice(0, 1_000) : ''
  }

  /** What stands between quotes in the server's words. */
  quoted(): readonly string[] {
    return [...this.#words.matchAll(/'([^']{1,200})'/g)].map(match => match[1] as string)
  }
}

/** The connection ended while an answer was due. */
export class Lost extends Error {
  constructor(cause: unknown) {
    super('the connection was lost', cause === null ? undefined : { cause })
    this.name = 'Lost'
  }
}

/** The number of an error that a server has sent; null for one that came about here. */
export function errnoOf(error: unknown): number | null {
  const { errno, sqlMessage } = error as { readonly errno?: unknown; readonly sqlMessage?: unknown }
  return typeof errno === 'number' && errno > 0 && sqlMessage !== undefined ? errno : null
}
