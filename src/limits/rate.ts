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
  const opened = lazily(async () => {
    const { RateLimiterMemory } = await import('rate-limiter-flexible')
    return new RateLimiterMemory({ points: rate.points, duration: rate.windowMs / 1_000, keyPrefix: '' })
  })
  return {
    async take() {
      try {
        await (opened.value ?? (await opened.load())).consume(name)
      } catch (error) {
        // The library throws what it knows of the window, which is no Error.
        if (!isWindow(error)) throw error
        throw new Refusal('rate_limited', `the rate of ${name} (${rate.points} in ${rate.windowMs} ms) is used up`, {
          fields: { retry_after_ms: Math.max(1, Math.ceil(error.msBeforeNext)) },
        })
      }
    },
    async giveBack() {
      await (await opened.load()).reward(name)
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

function isWindow(error: unknown): error is { readonly msBeforeNext: number } {
  return typeof (error as { msBeforeNext?: unknown } | null)?.msBeforeNext === 'number'
}

/** A value that is made when it is first asked for, since making it loads a package that a start does not need. */
function lazily<T>(make: () => Promise<T>): { readonly value: T | null; load(): Promise<T> } {
  let value: T | null = null
  let loading: Promise<T> | null = null
  return {
    get value() {
      return value
    },
    load: () =>
      (loading ??= make().then(made => {
        value = made
        return made
      })),
  }
}
