/** Something wrong in a target that is found when its MCP tools are built, at a place a person can jump to. */
export class VerbError extends Error {
  /** Within the tool, such as `['allow', 2, 'body']`. */
  readonly path: readonly (string | number)[]

  constructor(path: readonly (string | number)[], message: string) {
    super(message)
    this.name = 'VerbError'
    this.path = path
  }
}
