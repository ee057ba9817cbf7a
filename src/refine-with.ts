import type * as z from 'zod'

/** Refuses with the admin's sentence when `check` throws. */
export function refineWith(check: (text: string) => unknown) {
  return (text: string, context: z.core.$RefinementCtx<string>) => {
    try {
      check(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
  }
}
