import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limits } from '../kind.ts'
import { Refusal } from '../refusal.ts'

/** Takes one call from a window; refuses with `rate_limited` when the window is used up. */
export interface RateLimit {
  take(): Promise<void>
  /** Gives back what `take` took, when another limit refused the same call. */
  giveBack(): Promise<void>
}

/**
 * Counts calls in fixed windows, each beginning with its first call: never more than `points` in one window.
 *
 * @param name what is limited, for the record: `tool github`, `agent ci`
 */
export function createRateLimit(name: string, rate: NonNullable<Limits['rate']>): RateLimit {
  const limiter = new RateLimiterMemory({ points: rate.points, duration: rate.windowMs / 1_000, keyPrefix: '' })
  return {
    async take() {
      try {
        await limiter.consume(name)
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error
        throw new Refusal('rate_limited', `the rate of ${name} (${rate.points} in ${rate.windowMs} ms) is used up`, {
          fields: { retry_after_ms: Math.max(1, Math.ceil(error.msBeforeNext)) },
        })
      }
    },
    async giveBack() {
      await limiter.reward(name)
    },
  }
}

/** Takes from every window, or from none. */
export async function takeAll(limits: readonly RateLimit[]): Promise<void> {
  const taken: RateLimit[] = []
  for (const limit of limits) {
    try {
      await limit.take()
      taken.push(limit)
    } catch (error) {
      for (const other of taken) await other.giveBack()
      throw error
    }
  }
}
