/** How one scenario ended, as the suite counts its checks. */
export interface Outcome {
  readonly scenario: string
  readonly passed: number
  readonly failed: number
}

/** What that means for us, given what is expected to fail. */
export type Verdict = 'passed' | 'failed' | 'expected' | 'stale' | 'not applicable'

/** Reads the suite's own summary: one line for each scenario. */
export function readSummary(output: string): Outcome[] {
  return [...output.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed$/gm)].map(([, scenario, passed, failed]) => ({
    scenario: scenario as string,
    passed: Number(passed),
    failed: Number(failed),
  }))
}

/** Judges one scenario; one that is expected to fail and does not is as wrong as one that fails. */
export function judge({ scenario, passed, failed }: Outcome, expected: ReadonlySet<string>): Verdict {
  if (expected.has(scenario)) return failed > 0 ? 'expected' : 'stale'
  if (failed > 0) return 'failed'
  return passed > 0 ? 'passed' : 'not applicable'
}

/** Whether a run with these verdicts is good: something was judged, and nothing failed or went stale. */
export function isGood(verdicts: readonly Verdict[]): boolean {
  return verdicts.includes('passed') && !verdicts.includes('failed') && !verdicts.includes('stale')
}
