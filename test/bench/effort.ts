/** How much is measured: more rounds say the same with less chance in it. */
export interface Effort {
  readonly rounds: number
  readonly sequentialCalls: number
  readonly parallelCalls: number
  readonly warmUpCalls: number
  readonly starts: number
}

/** How many calls are under way at once in the parallel load. */
export const inFlight = 32

/** About two minutes. */
export const full: Effort = {
  rounds: 4,
  sequentialCalls: 1_000,
  parallelCalls: 5_000,
  warmUpCalls: 4_000,
  starts: 9,
}

/** About twenty seconds: enough to see whether a change helped much. */
export const quick: Effort = {
  rounds: 2,
  sequentialCalls: 300,
  parallelCalls: 1_200,
  warmUpCalls: 1_000,
  starts: 2,
}
