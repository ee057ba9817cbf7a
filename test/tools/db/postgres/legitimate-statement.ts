/** A statement that has to work, over the fixture. */
export interface Legitimate {
  readonly name: string
  readonly sql: string
  readonly params?: readonly unknown[]
  /** Another statement that says the same, where this one cannot run on a view. */
  readonly means?: string
}
