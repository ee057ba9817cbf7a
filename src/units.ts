import * as z from 'zod'

const durationMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const sizeBytes = { b: 1, kb: 1_024, mb: 1_048_576, gb: 1_073_741_824 } as const
const windowMs = {
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
} as const

/** A duration such as `10s`, `5m`, `1h`, `30d`; becomes milliseconds. */
export const Duration = quantity('a duration such as 10s, 5m, 1h or 30d', /^(\d{1,9})(ms|s|m|h|d)$/, (amount, unit) => {
  return amount * durationMs[unit as keyof typeof durationMs]
})

/** A size such as `64kb` or `10mb`; becomes bytes (1 kb is 1,024 bytes). */
export const Size = quantity('a size such as 64kb or 10mb', /^(\d{1,9})(b|kb|mb|gb)$/, (amount, unit) => {
  return amount * sizeBytes[unit as keyof typeof sizeBytes]
})

/** A rate such as `60/min`; becomes a number of calls in a window of milliseconds. */
export const Rate = z
  .string()
  .describe('a rate such as 60/min')
  .transform((text, context) => {
    const [, amount, unit] = /^(\d{1,9})\/(s|sec|m|min|h|hour|d|day)$/.exec(text) ?? []
    const points = Number(amount)
    if (unit === undefined || points === 0) {
      context.addIssue({ code: 'custom', message: 'not a rate such as 60/min (per s, min, hour or day; at least 1)' })
      return z.NEVER
    }
    return { points, windowMs: windowMs[unit as keyof typeof windowMs] }
  })

function quantity(what: string, pattern: RegExp, value: (amount: number, unit: string) => number) {
  return z
    .string()
    .describe(what)
    .transform((text, context) => {
      const [, amount, unit] = pattern.exec(text) ?? []
      const result = unit === undefined ? 0 : value(Number(amount), unit)
      if (result === 0) {
        context.addIssue({ code: 'custom', message: `not ${what}` })
        return z.NEVER
      }
      return result
    })
}
