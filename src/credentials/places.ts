/** The surroundings that sources are read from; they arrive from the process entry, nothing here looks for them. */
export interface Places {
  /** Holds the sealed items and the identity that opens them. */
  readonly stateDir: string
  /** What `~` stands for in a path of the configuration. */
  readonly home: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
}
