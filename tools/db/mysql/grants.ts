/** One privilege that a role has, on one thing. */
export interface Grant {
  /** In upper case, such as `SELECT`. */
  readonly privilege: string
  /** Null where it holds for the whole of what it is on. */
  readonly columns: readonly string[] | null
  readonly on:
    | { readonly kind: 'everything' }
    /** A pattern: `%` and `_` stand for any characters, unless a backslash is before them. */
    | { readonly kind: 'database'; readonly database: string }
    | { readonly kind: 'table'; readonly database: string; readonly table: string }
    | { readonly kind: 'routine'; readonly database: string; readonly name: string }
}

/** What one line of SHOW GRANTS says. */
export type GrantLine =
  | { readonly kind: 'grants'; readonly grants: readonly Grant[] }
  | { readonly kind: 'roles'; readonly roles: readonly { readonly name: string; readonly host: string | null }[] }
  /** Says nothing about rights, such as which role is on by default. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' }

type Token = { readonly quoted: boolean; readonly text: string }

const token = /\s*(?:`((?:[^`]|``)*)`|'((?:[^'\\]|''|\\.)*)'|([A-Za-z_]\w*)|([(),.@*;]))/gsy

/** Reads one line of SHOW GRANTS, which holds no secret but what comes after TO; that is not read. */
export function readGrant(line: string): GrantLine {
  if (/^(?:SET DEFAULT ROLE|REVOKE)\b/i.test(line)) return { kind: line.startsWith('S') ? 'nothing' : 'unknown' }
  const start = /^GRANT\s+/i.exec(line)
  if (start === null) return { kind: 'unknown' }
  const cursor = new Cursor(line.slice(start[0].length))
  if (cursor.peek()?.quoted === true) return readRoles(cursor)
  return readPrivileges(cursor, line)
}

function readRoles(cursor: Cursor): GrantLine {
  const roles: { name: string; host: string | null }[] = []
  for (;;) {
    const name = cursor.quoted()
    if (name === null) return { kind: 'unknown' }
    roles.push({ name, host: cursor.take('@') ? cursor.quoted() : null })
    if (cursor.take(',')) continue
    return cursor.word() === 'TO' ? { kind: 'roles', roles } : { kind: 'unknown' }
  }
}

function readPrivileges(cursor: Cursor, line: string): GrantLine {
  const named: { privilege: string; columns: readonly string[] | null }[] = []
  for (;;) {
    const privilege = cursor.phrase()
    if (privilege === '') return { kind: 'unknown' }
    const columns = cursor.take('(') ? cursor.list() : null
    named.push({ privilege, columns })
    if (cursor.take(',')) continue
    break
  }
  if (cursor.word() !== 'ON') return { kind: 'unknown' }
  if (named.some(({ privilege }) => privilege === 'PROXY')) {
    const grants = [{ privilege: 'PROXY', columns: null, on: { kind: 'everything' as const } }]
    return { kind: 'grants', grants }
  }
  const on = readObject(cursor)
  if (on === null) return { kind: 'unknown' }
  if (/\sWITH\s(?:[^'`]*\s)?GRANT OPTION\b[^'`]*$/i.test(line)) named.push({ privilege: 'GRANT OPTION', columns: null })
  const grants = named.filter(({ privilege }) => privilege !== 'USAGE').map(each => ({ ...each, on }))
  return { kind: 'grants', grants }
}

function readObject(cursor: Cursor): Grant['on'] | null {
  const type = cursor.phrase()
  if (cursor.take('*')) return cursor.take('.') && cursor.take('*') ? { kind: 'everything' } : null
  const database = cursor.quoted()
  if (database === null || !cursor.take('.')) return null
  if (cursor.take('*')) return { kind: 'database', database }
  const name = cursor.quoted()
  if (name === null) return null
  return type === '' || type === 'TABLE'
    ? { kind: 'table', database, table: name }
    : { kind: 'routine', database, name }
}

class Cursor {
  readonly #tokens: Token[] = []
  #at = 0

  constructor(text: string) {
    token.lastIndex = 0
    for (let match = token.exec(text); match !== null; match = token.exec(text)) {
      const [, back, single, word, mark] = match
      const quoted = back !== undefined || single !== undefined
      this.#tokens.push({ quoted, text: back?.replaceAll('``', '`') ?? single ?? word ?? mark ?? '' })
      // What comes after TO is about the account, and can be the hash of its password.
      if (!quoted && word?.toUpperCase() === 'TO') break
    }
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  peekWord(): string | null {
    const next = this.peek()
    return next === undefined || next.quoted || !/^[A-Za-z_]/.test(next.text) ? null : next.text.toUpperCase()
  }

  word(): string | null {
    const word = this.peekWord()
    if (word !== null) this.#at += 1
    return word
  }

  /** Words such as `CREATE TEMPORARY TABLES`, up to ON; empty when there is none. */
  phrase(): string {
    const words: string[] = []
    for (let next = this.peekWord(); next !== null && next !== 'ON'; next = this.peekWord()) {
      words.push(next)
      this.#at += 1
    }
    return words.join(' ')
  }

  quoted(): string | null {
    const next = this.peek()
    if (next?.quoted !== true) return null
    this.#at += 1
    return next.text
  }

  take(mark: string): boolean {
    const next = this.peek()
    if (next === undefined || next.quoted || next.text !== mark) return false
    this.#at += 1
    return true
  }

  /** Names up to the closing parenthesis. MariaDB writes those of columns with quotes or without. */
  list(): readonly string[] {
    const names: string[] = []
    for (let next = this.peek(); next !== undefined; next = this.peek()) {
      this.#at += 1
      if (!next.quoted && next.text === ')') break
      if (next.quoted || next.text !== ',') names.push(next.text)
    }
    return names
  }
}
