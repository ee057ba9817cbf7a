/** A statement that wants more than the scope gives, over the fixture. */
export interface Attack {
  readonly name: string
  readonly sql: string
  readonly params?: readonly unknown[]
  /** Refused as no statement, refused by the scope, or let through as something whose answer holds nothing hidden. */
  readonly expect: 'invalid_input' | 'not_allowed' | 'contained'
}

/** Refused by the scope. */
export const deny = (name: string, sql: string): Attack => ({ name, sql, expect: 'not_allowed' })

/** Refused as no statement. */
export const invalid = (name: string, sql: string): Attack => ({ name, sql, expect: 'invalid_input' })

/** Let through; its answer holds nothing hidden. */
export const contained = (name: string, sql: string): Attack => ({ name, sql, expect: 'contained' })
