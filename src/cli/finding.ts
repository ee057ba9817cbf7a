/** What one check of `keyhold doctor` came to. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly found: string
  /** What to do about it. */
  readonly todo?: string
}

/** Writes findings below each other, what to do under what was found. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  return findings
    .map(({ check, state, found, todo }) => {
      const line = `${state.padEnd(4)}  ${check.padEnd(width)}  ${found}\n`
      return todo === undefined ? line : `${line}${' '.repeat(width + 8)}-> ${todo}\n`
    })
    .join('')
}
